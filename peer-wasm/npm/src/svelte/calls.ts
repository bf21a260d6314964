import type { Name } from '../../declarations/hooks.js';
import type { CallOptions, Client } from '../../index.js';
import {
  Caller, type CallState, Query, type QueryOptions, Streamer, type StreamerOptions, type StreamState,
} from '../binding/calls.js';
import { type MaybeStore, lastingStore } from './store.js';

type Args = readonly unknown[] | undefined;

export function call(client: Client, procedure: string, options: Omit<CallOptions, 'signal'> = {}) {
  const caller = new Caller(client, procedure, options);
  const [store] = lastingStore<[], CallState, Caller>([], () => caller);
  return { ...store, call: caller.call, cancel: caller.cancel };
}

export function stream(client: Client, procedure: string, options: StreamerOptions = {}) {
  const streamer = new Streamer(client, procedure, options);
  const [store] = lastingStore<[], StreamState, Streamer>([], () => streamer);
  return { ...store, call: streamer.call, cancel: streamer.cancel };
}

export function callResult(client: Client, procedure: MaybeStore<Name>, args?: MaybeStore<Args>, options: QueryOptions = {}) {
  const make = (name: Name, given: Args) => new Query(client, name, given, options);
  const [store, current] = lastingStore<[Name, Args], CallState, Query>([procedure, args], make);
  return { ...store, refresh: () => current().refresh(), cancel: (reason?: unknown) => current().cancel(reason) };
}
