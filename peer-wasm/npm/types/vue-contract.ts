// What must compile, and what must not, where composables for Vue know a contract.
import { ref } from 'vue';
import { Client } from '../index.js';
import { createWamp, useCall, useCallResult, useClient, useEvents, useLatest, useRegistration, useStream, useSubscription } from '../vue.js';
import { api } from './registered.js';

export const plugin = createWamp({ client: new Client('ws://a/ws', { realm: 'realm1', contract: api }) });

export function setup() {
  const [room, a, on] = [ref('lobby'), ref(1), ref(true)];
  const published: Promise<unknown> = useClient().publish('com.example.tick', 1);

  useSubscription('com.example.tick', ({ data }) => data.toFixed());
  useSubscription(() => on.value && 'com.example.tick', ({ data }) => data.toFixed());
  // @ts-expect-error it is a number
  useSubscription('com.example.tick', ({ data }) => data.length);
  useSubscription('com.example.chat.{room}', ({ data, params }) => data.from + params.room, () => ({ params: { room: room.value } }));
  // @ts-expect-error which room?
  useSubscription('com.example.chat.{room}', ({ data }) => data.from);
  useSubscription<boolean>(room, ({ data }) => data === true);

  const tick: number = useLatest('com.example.tick', { initial: 0 }).data.value;
  // @ts-expect-error nothing has come at first
  const maybe: number = useLatest('com.example.tick').data.value;
  const all: number[] = useEvents('com.example.tick', { limit: 3 }).events.value.map(({ data }) => data);

  useRegistration('com.example.add2', ([x, y]) => x + y, { invoke: 'roundrobin' });
  // @ts-expect-error it has to return a number
  useRegistration('com.example.add2', ([x, y]) => `${x}${y}`);

  const sum: Promise<number> = useCall('com.example.add2').call([1, 2]);
  // @ts-expect-error two numbers
  void useCall('com.example.add2').call(['1', 2]);

  const result: number = useCallResult('com.example.add2', [a, 2], { initial: 0 }).data.value;
  const later: number | undefined = useCallResult(() => on.value && 'com.example.add2', () => [a.value, 2]).data.value;
  // @ts-expect-error two numbers
  useCallResult('com.example.add2', [room, 2]);
  const other: boolean | undefined = useCallResult<boolean>('com.other', [room]).data.value;
  useSubscription('com.example.tagged', ({ kwargs }) => kwargs.tag.length);
  void useCall('com.example.find', { kwargs: { tag: 'a' } }).call();
  useCallResult('com.example.find', [], () => ({ kwargs: { tag: room.value } }));
  // @ts-expect-error which tag?
  useCallResult('com.example.find', []);
  const numbers: readonly number[] = useStream('com.example.count').progress.value;
  return [published, tick, maybe, all, sum, result, later, other, numbers];
}
