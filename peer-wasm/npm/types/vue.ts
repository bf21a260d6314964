// What must compile, and what must not, in programs that use Vue.
import { createApp, ref } from 'vue';
import { Client } from '../index.js';
import {
  createWamp, provideClient, useCall, useCallResult, useClient, useConnectionState, useEvents, useLatest, useRegistration, useSession,
  useStream, useSubscription,
} from '../vue.js';

const client = new Client('ws://127.0.0.1:8080/ws', { realm: 'realm1' });
createApp({}).use(createWamp({ client }));
// @ts-expect-error it makes no client by itself
createApp({}).use(createWamp({ url: 'ws://127.0.0.1:8080/ws' }));

export function setup() {
  const room = ref<string>();
  const id = ref(1);
  provideClient(useClient());
  const state: Client['state'] = useConnectionState().value;
  const session: number | undefined = useSession().value?.id;

  const { status, error } = useSubscription<string>(() => room.value && `com.example.${room.value}`, (event) => event.data.length, {
    match: 'prefix', ongap: ({ lostAt, restoredAt }) => restoredAt - lostAt,
  });
  // @ts-expect-error components have no signal: they end by themselves
  useSubscription('com.example.a', () => {}, { signal: new AbortController().signal });

  const count: number = useLatest('com.example.count', { initial: 0 }).data.value;
  const maybe: { n: number } | undefined = useLatest<{ n: number }>(room).data.value;
  // @ts-expect-error nothing has come at first
  const never: number = useLatest<number>('com.example.count').data.value;
  const texts: string[] = useEvents<string>('com.example.text', { limit: 10 }).events.value.map(({ data }) => data);

  useRegistration('com.example.add', ([a, b]: [number, number]) => a + b, { invoke: 'roundrobin' });
  const { call, data, pending, cancel } = useCall<number>('com.example.add', { timeout: 1000 });
  const sum: Promise<number> = call([1, 2]);
  const list: readonly string[] = useCallResult<readonly string[]>('com.example.list', [id], { initial: [], refreshOnReconnect: true }).data.value;
  const other: number | undefined = useCallResult<number>('com.example.get', () => [id.value]).data.value;
  const numbers: readonly number[] = useStream<number, string>('com.example.count', { limit: 5 }).progress.value;
  return { state, session, status, error, count, maybe, never, texts, data, pending, cancel, sum, list, other, numbers };
}
