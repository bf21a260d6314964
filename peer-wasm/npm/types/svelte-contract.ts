// What must compile, and what must not, where a client for Svelte has a contract.
import { get, writable } from 'svelte/store';
import { Client } from '../index.js';
import { call, callResult, events, getClient, setClient, stream, subscription, useRegistration, useSubscription } from '../svelte.js';
import { api } from './registered.js';

const client = setClient(new Client('ws://a/ws', { realm: 'realm1', contract: api }));
export const same: typeof client = getClient<typeof api>();
const room = writable('com.other');

export const tick: number = get(subscription(client, 'com.example.tick', { initial: 0 })).data;
// @ts-expect-error nothing has come at first
export const maybe: number = get(subscription(client, 'com.example.tick')).data;
// @ts-expect-error which room?
subscription(client, 'com.example.chat.{room}');
export const from: string | undefined = get(subscription(client, 'com.example.chat.{room}', { params: '*' })).data?.from;
export const other: boolean | undefined = get(subscription<boolean>(client, room)).data;
export const all: number[] = get(events(client, 'com.example.tick', { limit: 3 })).events.map(({ data }) => data);
useSubscription(client, 'com.example.tick', ({ data }) => data.toFixed());
// @ts-expect-error it is a number
useSubscription(client, 'com.example.tick', ({ data }) => data.length);
useRegistration(client, 'com.example.add2', ([a, b]) => a + b);
// @ts-expect-error it has to return a number
useRegistration(client, 'com.example.add2', ([a, b]) => `${a}${b}`);
export const sum: Promise<number> = call(client, 'com.example.add2').call([1, 2]);
// @ts-expect-error two numbers
void call(client, 'com.example.add2').call(['1', 2]);
export const result: number = get(callResult(client, 'com.example.add2', [1, 2], { initial: 0 })).data;
export const later: number | undefined = get(callResult(client, 'com.example.add2', writable<[number, number]>([1, 2]))).data;
export const now: string | undefined = get(callResult(client, 'com.example.now')).data;
// @ts-expect-error two numbers
callResult(client, 'com.example.add2', ['1', 2]);
export const numbers: readonly number[] = get(stream(client, 'com.example.count')).progress;
useSubscription(client, 'com.example.tagged', ({ kwargs }) => kwargs.tag.length);
void call(client, 'com.example.find', { kwargs: { tag: 'a' } }).call();
export const found: number | undefined = get(callResult(client, 'com.example.find', [], { kwargs: { tag: 'a' } })).data;
// @ts-expect-error which tag?
callResult(client, 'com.example.find', []);
