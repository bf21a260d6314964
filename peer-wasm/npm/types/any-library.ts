// What must and must not compile, whatever libraries the consumer has.
import {
  Client, ConnectionLostError, WampError, auth, connect,
  type Authenticator, type EventMessage, type Registration, type SessionInfo, type Subscription, type Value,
} from '../index.js';

declare const client: Client;

export async function connecting(): Promise<void> {
  const open = await connect('wss://example.com/ws', { realm: 'realm1' });
  await connect(['ws://a/ws', { url: 'ws://b/ws', serializers: ['json'] }], {
    realm: 'realm1',
    auth: [auth.ticket({ authid: 'joe', ticket: async () => 'secret' }), auth.anonymous()],
    serializers: ['cbor', 'msgpack', 'json'],
    connectTimeout: 1000,
    bigint: 'always',
    debug: (line) => line.message[0],
  });
  const info: SessionInfo = await open.ready();
  const id: number = info.id;
  const can: boolean = info.supports('dealer', 'call_canceling');
  const none: SessionInfo | null = client.session;
  await open.close({ reason: 'wamp.close.normal', message: 'bye' });
  void [id, can, none];

  // @ts-expect-error: the realm is missing
  new Client('wss://example.com/ws', {});
  // @ts-expect-error: there is no such serializer
  new Client('wss://example.com/ws', { realm: 'realm1', serializers: ['ubjson'] });
  // @ts-expect-error: a number is no address
  new Client(8080, { realm: 'realm1' });
  // @ts-expect-error: there is no such role
  info.supports('caller', 'call_canceling');
  // @ts-expect-error: the state cannot be set
  client.state = 'open';
}

export async function calling(): Promise<void> {
  const sum: number = await client.call('com.example.add2', [2, 3]);
  await client.call('com.example.now');
  const { args, kwargs, details } = await client.callRaw('com.example.add2', { args: [2], kwargs: { b: 3 } }, { timeout: 1000, cancelMode: 'kill' });
  const job = client.stream('com.example.count', [3], { buffer: { max: 10, overflow: 'drop-newest' } });
  for await (const progress of job) void progress;
  const result: string = await job.result;
  job.cancel('enough');
  void [sum, args, kwargs, details, result];

  // @ts-expect-error: arguments are a list
  await client.call('com.example.add2', 2);
  // @ts-expect-error: there is no such mode
  await client.call('com.example.add2', [], { cancelMode: 'abort' });
  // @ts-expect-error: options are in camel case
  await client.call('com.example.add2', [], { disclose_me: true });
  // @ts-expect-error: results cannot be changed
  args[0] = 1;
}

export async function serving(): Promise<Registration> {
  await client.register('com.example.add2', ([a, b]: [number, number]) => a + b);
  await client.register('com.example.later', async ([name], inv) => `${name} ${inv.caller ?? 'somebody'}`);
  await client.register('com.example.count', async function* ([n], inv) {
    for (let i = 0; i < n; i++) {
      inv.signal.throwIfAborted();
      yield i;
    }
    return inv.result({ args: [1, 2], kwargs: { done: true } });
  }, { invoke: 'roundrobin', concurrency: 8 });
  await client.register('com.example.sum', async (_, inv) => {
    let sum = 0;
    for await (const { args } of inv.input) sum += args[0] as number;
    await inv.progress(sum, { kwargs: { more: true } });
    throw new WampError('com.example.error.full', { args: [sum], message: 'full' });
  });
  const registration = await client.register('com.example.x', () => undefined);
  await registration.unregister();
  const { reason } = await registration.closed;
  void reason;

  // @ts-expect-error: there is no such policy
  await client.register('com.example.x', () => 1, { invoke: 'load' });
  // @ts-expect-error: a procedure is a function
  await client.register('com.example.x', 1);
  return registration;
}

export async function events(): Promise<Subscription> {
  await client.publish('com.example.hello', 'hi');
  const published = await client.publish('com.example.hello', { a: 1n }, { acknowledge: true, eligibleAuthrole: ['admin'], kwargs: { b: new Uint8Array(2) } });
  const publication: number | undefined = published?.publication;
  const subscription = await client.subscribe('com.example.', (event: EventMessage<string>) => event.data.length, { match: 'prefix' });
  for await (const event of await client.subscribe('com.example.tick', { getRetained: true })) {
    const topic: string = event.topic;
    void topic;
  }
  for await (const { args, publisher } of client.events('com.example.tick')) void [args, publisher];
  const dropped: number = subscription.dropped;
  subscription.ongap = ({ lostAt, dropped }) => void [lostAt.toFixed(), (dropped ?? 0).toFixed()];
  client.addEventListener('slowconsumer', ({ detail }) => void (detail.by === 'router' && detail.topic.length));
  void [publication, dropped];

  // @ts-expect-error: there is no such match policy
  await client.subscribe('com.example.', () => {}, { match: 'glob' });
  // @ts-expect-error: sessions are numbers
  await client.publish('com.example.hello', 'hi', { exclude: ['joe'] });
  return subscription;
}

export function errors(error: unknown): string {
  if (error instanceof ConnectionLostError) return error.maybeSent ? 'perhaps' : 'safe to repeat';
  if (WampError.is(error, 'com.example.error.full')) {
    const uri: 'com.example.error.full' = error.uri;
    return uri;
  }
  return WampError.is(error) ? error.message : 'unknown';
}

export function listening(): void {
  client.addEventListener('open', (event) => {
    const id: number = event.detail.id;
    void id;
  });
  client.addEventListener('statechange', ({ detail }) => {
    const state: 'idle' | 'connecting' | 'open' | 'reconnecting' | 'closed' = detail.state;
    void state;
  });
  client.addEventListener('error', (event) => {
    event.preventDefault();
    // @ts-expect-error: there is no such origin
    if (event.detail.where === 'elsewhere') return;
  });
  client.addEventListener('trace', ({ detail }) => void [detail.dir, detail.message[0]], { once: true });
}

export const own: Authenticator = {
  method: 'x-own',
  hello: ({ attempt }) => ({ authextra: { attempt } }),
  respond: ({ extra }) => ({ signature: String(extra['nonce']), extra: { a: 1 } }),
};

export const value: Value = [null, 1, 2n, 'text', new Uint8Array(1), { a: [true] }];
// @ts-expect-error: functions are no values
export const noValue: Value = () => {};
