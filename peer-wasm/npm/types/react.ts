// What must compile, and what must not, in programs that use React.
import { createElement } from 'react';
import { Client } from '../index.js';
import {
  ClientProvider, WampProvider, useCall, useCallResult, useClient, useConnectionState, useEvents, useLatest, useRegistration, useSession,
  useStream, useSubscription,
} from '../react.js';

const client = new Client('ws://127.0.0.1:8080/ws', { realm: 'realm1' });
export const shared = createElement(WampProvider, { client }, 'text');
export const own = createElement(WampProvider, { url: ['ws://a/ws'], options: { realm: 'realm1' }, children: createElement('p') });
export const slim = createElement(ClientProvider, { client });
// @ts-expect-error a provider needs a client, or what makes one
export const neither = createElement(WampProvider, {});
// @ts-expect-error options are not optional
export const half = createElement(WampProvider, { url: 'ws://a/ws' });

export function Component({ room }: { room: string | undefined }) {
  const state: 'idle' | 'connecting' | 'open' | 'reconnecting' | 'closed' = useConnectionState() satisfies Client['state'];
  const id: number | undefined = useSession()?.id;
  const same: Client = useClient();

  const { status, error } = useSubscription<string>(room && `com.example.${room}`, (event) => event.data.length, {
    match: 'prefix', getRetained: true, ongap: ({ lostAt, restoredAt }) => restoredAt - lostAt,
  });
  // @ts-expect-error components have no signal: they end by themselves
  useSubscription('com.example.a', () => {}, { signal: new AbortController().signal });

  const count: number = useLatest('com.example.count', { initial: 0 }).data;
  const maybe: { n: number } | undefined = useLatest<{ n: number }>('com.example.count').data;
  // @ts-expect-error nothing has come at first
  const never: number = useLatest<number>('com.example.count').data;
  const texts: string[] = useEvents<string>('com.example.text', { limit: 10 }).events.map(({ data }) => data);

  useRegistration('com.example.add', ([a, b]: [number, number]) => a + b, { invoke: 'roundrobin' });
  const { call, data, pending, cancel } = useCall<number>('com.example.add', { timeout: 1000 });
  const sum: Promise<number> = call([1, 2], { kwargs: { a: 1 } });
  const list: readonly string[] = useCallResult<readonly string[]>('com.example.list', [1], { initial: [], refreshOnReconnect: true }).data;
  const other: number | undefined = useCallResult<number>('com.example.get').data;
  const { progress } = useStream<number, string>('com.example.count', { limit: 5 });
  const numbers: readonly number[] = progress;
  return [state, id, same, status, error, count, maybe, never, texts, data, pending, cancel, sum, list, other, numbers];
}
