import { type MaybeRefOrGetter, type ShallowRef, toValue, unref } from 'vue';
import type { Name } from '../../declarations/hooks.js';
import type { CallOptions, StreamOptions } from '../../index.js';
import {
  Caller, type CallState, Query, type QueryOptions, Streamer, type StreamerOptions, type StreamState,
} from '../binding/calls.js';
import { part, useClient } from './client.js';
import { useLasting } from './lasting.js';

type Args = readonly unknown[] | undefined;

export function useCall(procedure: MaybeRefOrGetter<string>, options: MaybeRefOrGetter<Omit<CallOptions, 'signal'>> = {}) {
  const client = useClient();
  const [current, state] = useLasting<[string, CallOptions], CallState, Caller>(
    () => [toValue(procedure), toValue(options)], ([name, given]) => new Caller(client, name, given),
  );
  const call = (args?: readonly unknown[], more?: CallOptions) => current().call(args, more);
  return { ...parts(state, current), call };
}

export function useStream(procedure: MaybeRefOrGetter<string>, options: MaybeRefOrGetter<StreamerOptions> = {}) {
  const client = useClient();
  const [current, state] = useLasting<[string, StreamerOptions], StreamState, Streamer>(
    () => [toValue(procedure), toValue(options)], ([name, given]) => new Streamer(client, name, given),
  );
  const call = (args?: readonly unknown[], more?: StreamOptions) => current().call(args, more);
  return { ...parts(state, current), progress: part(state, 'progress'), call };
}

export function useCallResult(procedure: MaybeRefOrGetter<Name>, args?: MaybeRefOrGetter<Args>, options: MaybeRefOrGetter<QueryOptions> = {}) {
  const client = useClient();
  const [current, state] = useLasting<[Name, Args, QueryOptions], CallState, Query>(
    () => [toValue(procedure), toValue(args)?.map((arg) => unref(arg)), toValue(options)],
    ([name, given, rest]) => new Query(client, name, given, rest),
  );
  return { ...parts(state, current), refresh: () => current().refresh() };
}

/** What all calls have. */
function parts(state: Readonly<ShallowRef<CallState>>, current: () => { cancel(reason?: unknown): void }) {
  return {
    data: part(state, 'data'),
    error: part(state, 'error'),
    pending: part(state, 'pending'),
    cancel: (reason?: unknown) => current().cancel(reason),
  };
}
