// What must compile, and what must not, where hooks for React know a contract.
import { Client } from '../index.js';
import { WampProvider, useCall, useCallResult, useClient, useEvents, useLatest, useRegistration, useStream, useSubscription } from '../react.js';
import { api } from './registered.js';

export const provider = WampProvider({ url: 'ws://a/ws', options: { realm: 'realm1', contract: api } });
export const shared = WampProvider({ client: new Client('ws://a/ws', { realm: 'realm1', contract: api }) });

export function Component({ room, on }: { room: string; on: boolean }) {
  const published: Promise<unknown> = useClient().publish('com.example.tick', 1);
  // @ts-expect-error the contract wants a number
  useClient().publish('com.example.tick', '1');

  useSubscription('com.example.tick', ({ data }) => data.toFixed());
  useSubscription(on && 'com.example.tick', ({ data }) => data.toFixed(), { match: 'exact' });
  useSubscription(null, () => {});
  // @ts-expect-error it is a number
  useSubscription('com.example.tick', ({ data }) => data.length);
  useSubscription('com.example.chat.{room}', ({ data, params }) => data.from + params.room, { params: { room } });
  useSubscription('com.example.chat.{room}', ({ data }) => data.from, { params: '*' });
  // @ts-expect-error which room?
  useSubscription('com.example.chat.{room}', ({ data }) => data.from);
  useSubscription<boolean>(`com.other.${room}`, ({ data }) => data === true);
  useSubscription('com.other', ({ data }) => data.whatever);

  const tick: number = useLatest('com.example.tick', { initial: 0 }).data;
  // @ts-expect-error nothing has come at first
  const maybe: number = useLatest('com.example.tick').data;
  // @ts-expect-error it is a number
  useLatest('com.example.tick', { initial: '0' });
  const from: string | undefined = useLatest('com.example.chat.{room}', { params: { room } }).data?.from;
  const all: number[] = useEvents('com.example.tick', { limit: 3 }).events.map(({ data }) => data);

  useRegistration('com.example.add2', ([a, b]) => a + b, { invoke: 'roundrobin' });
  // @ts-expect-error it has to return a number
  useRegistration('com.example.add2', ([a, b]) => `${a}${b}`);
  useRegistration('com.other', ([a]) => a);

  const add = useCall('com.example.add2', { timeout: 5 });
  const sum: Promise<number> = add.call([1, 2]);
  // @ts-expect-error two numbers
  void add.call(['1', 2]);
  // @ts-expect-error arguments are needed
  void add.call();
  const now: string | undefined = useCall('com.example.now').data;
  void useCall('com.example.of.{user}').call([], { params: { user: 'joe' } });
  // @ts-expect-error of whom?
  void useCall('com.example.of.{user}').call([]);

  const result: number = useCallResult('com.example.add2', [1, 2], { initial: 0 }).data;
  const later: number | undefined = useCallResult(on && 'com.example.add2', [1, 2]).data;
  const age: number | undefined = useCallResult('com.example.of.{user}', [], { params: { user: 'joe' } }).data?.age;
  const when: string | undefined = useCallResult('com.example.now').data;
  // @ts-expect-error two numbers
  useCallResult('com.example.add2', ['1', 2]);
  // @ts-expect-error arguments are needed
  useCallResult('com.example.add2');
  const other: boolean | undefined = useCallResult<boolean>('com.other', ['x']).data;

  useSubscription('com.example.tagged', ({ kwargs }) => kwargs.tag.length);
  // @ts-expect-error a tag is a text
  useSubscription('com.example.tagged', ({ kwargs }) => kwargs.tag.toFixed());
  const tag: string | undefined = useLatest('com.example.tagged').event?.kwargs.tag;
  useRegistration('com.example.find', (_, { kwargs: { tag }, result }) => result({ args: [tag.length], kwargs: { of: 5 } }));
  // @ts-expect-error of how many?
  useRegistration('com.example.find', (_, { result }) => result({ args: [1] }));
  // Given before, or with the call.
  const find = useCall('com.example.find', { kwargs: { tag: 'a' } });
  void find.call();
  void find.call([], { kwargs: { tag: 'b' } });
  // @ts-expect-error a tag is a text
  void find.call([], { kwargs: { tag: 5 } });
  // @ts-expect-error a tag is a text
  useStream('com.example.find', { kwargs: { tag: 5 } });
  const found: number | undefined = useCallResult('com.example.find', [], { kwargs: { tag: 'a' } }).data;
  const paged: number = useCallResult('com.example.page', [], { initial: 0, kwargs: { limit: 5 } }).data;
  useCallResult('com.example.page');
  // @ts-expect-error which tag?
  useCallResult('com.example.find', []);
  // @ts-expect-error which tag?
  useCallResult('com.example.find', [], { initial: 0 });
  void [tag, found, paged];

  const { call, progress } = useStream('com.example.count');
  const numbers: readonly number[] = progress;
  const done: Promise<'done'> = call([3]);
  return [published, tick, maybe, from, all, sum, now, result, later, age, when, other, numbers, done];
}
