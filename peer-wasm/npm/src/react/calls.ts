import type { Name } from '../../declarations/hooks.js';
import type { CallOptions } from '../../index.js';
import {
  Caller, type CallState, Query, type QueryOptions, Streamer, type StreamerOptions, type StreamState,
} from '../binding/calls.js';
import { useClient } from './client.js';
import { useLasting, useValue } from './lasting.js';

export function useCall(procedure: string, options: Omit<CallOptions, 'signal'> = {}) {
  const client = useClient();
  const same = useValue(options);
  const [{ call, cancel }, state] = useLasting<CallState, Caller>(() => new Caller(client, procedure, same), [client, procedure, same]);
  return { ...state, call, cancel };
}

export function useStream(procedure: string, options: StreamerOptions = {}) {
  const client = useClient();
  const same = useValue(options);
  const [{ call, cancel }, state] = useLasting<StreamState, Streamer>(() => new Streamer(client, procedure, same), [client, procedure, same]);
  return { ...state, call, cancel };
}

export function useCallResult(procedure: Name, args?: readonly unknown[], options: QueryOptions = {}) {
  const client = useClient();
  const given = useValue({ args, options });
  const make = () => new Query(client, procedure, given.args, given.options);
  const [{ refresh, cancel }, state] = useLasting<CallState, Query>(make, [client, procedure, given]);
  return { ...state, refresh, cancel };
}
