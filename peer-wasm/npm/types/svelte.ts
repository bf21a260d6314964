// What must compile, and what must not, in programs that use Svelte.
import { type Readable, derived, get, writable } from 'svelte/store';
import { Client } from '../index.js';
import { call, callResult, connectionState, events, getClient, session, setClient, stream, subscription, useRegistration, useSubscription } from '../svelte.js';

const client: Client = setClient(new Client('ws://127.0.0.1:8080/ws', { realm: 'realm1' }));
const room = writable<string | undefined>();
const id = writable([1]);

export const state: Readable<Client['state']> = connectionState(getClient());
export const joined: Readable<boolean> = derived(session(client), (info) => info !== null);
export const count: number = get(subscription(client, 'com.example.count', { initial: 0, getRetained: true })).data;
export const maybe: { n: number } | undefined = get(subscription<{ n: number }>(client, room)).data;
// @ts-expect-error nothing has come at first
export const never: number = get(subscription<number>(client, 'com.example.count')).data;
export const texts: string[] = get(events<string>(client, room, { limit: 10 })).events.map(({ data }) => data);
export const held = useSubscription<string>(client, room, (event) => event.data.length, { ongap: ({ lostAt, restoredAt }) => restoredAt - lostAt });
// @ts-expect-error components have no signal: they end by themselves
useSubscription(client, 'com.example.a', () => {}, { signal: new AbortController().signal });
useRegistration(client, 'com.example.add', ([a, b]: [number, number]) => a + b, { invoke: 'roundrobin' });

const add = call<number>(client, 'com.example.add', { timeout: 1000 });
export const sum: Promise<number> = add.call([1, 2]);
export const pending: boolean = get(add).pending;
export const list: readonly string[] = get(callResult<readonly string[]>(client, 'com.example.list', id, { initial: [], refreshOnReconnect: true })).data;
export const other: number | undefined = get(callResult<number>(client, 'com.example.get')).data;
export const numbers: readonly number[] = get(stream<number, string>(client, 'com.example.count', { limit: 5 })).progress;
