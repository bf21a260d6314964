// Contracts: what must and must not compile, whatever libraries the consumer has.
import {
  Client, ValidationError, connect, defineContract, procedure, topic,
  type EventMessage, type Invocation, type Params, type PastEvent, type StandardSchema, type Subscription, type SubscriptionDetails,
} from '../index.js';
import { passthru } from '../passthru.js';

/** `A` and `B` are the very same type. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => {};

declare const text: StandardSchema<string, string>;
declare const list: StandardSchema<[string, number?], [string, number]>;
declare const page: StandardSchema<{ limit?: number }, { limit: number }>;
declare const total: StandardSchema<{ of: string }, { of: number }>;
declare const moment: StandardSchema<string, { readonly at: number }>;

const api = defineContract({
  'com.example.add2': procedure<[a: number, b: number], number>(),
  'com.example.now': procedure<[], string>(),
  'com.example.optional': procedure<[a: number, b?: string], void>(),
  'com.example.count': procedure<[number], 'done'>().progress<number>(),
  'com.example.parse': procedure({ input: list, output: moment }).progress(moment),
  'com.example.shout': procedure({ input: list }),
  'com.example.device.{id}.read': procedure<[], number>(),
  'com.example.device.{id}.set.{register}': procedure<[value: number], void>(),
  'com.example.tick': topic<number>(),
  'com.example.moment': topic(moment),
  'com.example.bare': topic<undefined>(),
  'com.example.chat.{room}': topic<{ from: string; text: string }>(),
  'com.example.search': procedure({ input: list, kwargs: page, output: moment, outputKwargs: total }).progress<number>(),
  'com.example.find': procedure<[text?: string], number, Filter, { more: boolean }>(),
  'com.example.of.{user}': procedure({ kwargs: page }),
  'com.example.price': topic({ data: moment, kwargs: page }),
  'com.example.tagged': topic<number, Filter>(),
});
/** An interface: no string may stand for its names. */
interface Filter { tag: string; since?: number }

declare const client: Client<typeof api>;

export async function making(): Promise<void> {
  const made = new Client('wss://example.com/ws', { realm: 'realm1', contract: api });
  const opened = await connect('wss://example.com/ws', { realm: 'realm1', contract: api });
  const plain: Client = new Client('wss://example.com/ws', { realm: 'realm1' });
  const seen = plain.withContract(api);
  for (const one of [made, opened, seen]) {
    const sum: number = await one.call('com.example.add2', [1, 2]);
    void sum;
  }
  // What takes any client takes these.
  const any: Client = made;
  // @ts-expect-error: only what defineContract made checks anything
  new Client('wss://example.com/ws', { realm: 'realm1', contract: { 'com.example.tick': topic<number>() } });
  // @ts-expect-error: a number is no definition
  defineContract({ 'com.example.tick': 1 });
  void any;
}

export async function calling(): Promise<void> {
  same<Promise<number>, ReturnType<typeof sum>>(true);
  const sum = () => client.call('com.example.add2', [2, 3]);
  const now: string = await client.call('com.example.now');
  await client.call('com.example.now', [], { timeout: 1000 });
  await client.call('com.example.optional', [1]);
  await client.call('com.example.add2', [2, 3] as const);
  const { at } = await client.call('com.example.parse', ['x']);
  await client.call('com.example.shout', ['x', 1]);
  const raw = await client.callRaw('com.other', ['x'], {});
  void [now, at, raw];

  // @ts-expect-error: the first argument is a number
  await client.call('com.example.add2', ['x', 3]);
  // @ts-expect-error: an argument is missing
  await client.call('com.example.add2', [2]);
  // @ts-expect-error: all arguments are missing
  await client.call('com.example.add2');
  // @ts-expect-error: one argument too many
  await client.call('com.example.now', [1]);
  // @ts-expect-error: the contract has no such procedure
  await client.call('com.example.sub2', [2, 3]);
  // @ts-expect-error: a topic is no procedure
  await client.call('com.example.tick', [2]);
  // @ts-expect-error: the result is a number
  const wrong: string = await client.call('com.example.add2', [2, 3]);
  // @ts-expect-error: callers give text
  await client.call('com.example.parse', [{ at: 1 }]);
  // @ts-expect-error: nothing to fill in
  await client.call('com.example.add2', [2, 3], { params: {} });
  void wrong;
}

export async function streaming(): Promise<void> {
  const job = client.stream('com.example.count', [3]);
  for await (const progress of job) same<number, typeof progress>(true);
  const result: 'done' = await job.result;
  for await (const { at } of client.stream('com.example.parse', ['x'])) void at;
  void result;
  // @ts-expect-error: how many?
  client.stream('com.example.count');
}

export async function serving(): Promise<void> {
  await client.register('com.example.add2', ([a, b]) => a + b);
  await client.register('com.example.add2', async ([a, b], inv) => {
    same<Invocation<[a: number, b: number], never, {}>['args'], typeof inv.args>(true);
    return inv.result({ args: [a + b, 'more'] });
  });
  await client.register('com.example.optional', () => {});
  await client.register('com.example.count', async function* ([n], inv) {
    for (let i = 0; i < n; i++) yield i;
    await inv.progress(5);
    return 'done' as const;
  });
  // Handlers get what the validator makes of it, and give what it takes.
  await client.register('com.example.parse', async ([name, times]) => name.repeat(times));

  // @ts-expect-error: the result is a number
  await client.register('com.example.add2', ([a, b]) => `${a}${b}`);
  // @ts-expect-error: there is no third argument
  await client.register('com.example.add2', ([a, b, c]) => a + b + c);
  // @ts-expect-error: the progress is a number
  await client.register('com.example.count', async function* () { yield 'one'; return 'done' as const; });
  // @ts-expect-error: the progress is a number
  await client.register('com.example.count', async (_, inv) => { await inv.progress('x'); return 'done' as const; });
  // @ts-expect-error: nothing to report on the way
  await client.register('com.example.add2', async function* () { yield 1; return 2; });
  // @ts-expect-error: callees give text
  await client.register('com.example.parse', () => ({ at: 1 }));
}

export async function events(): Promise<void> {
  await client.publish('com.example.tick', 1);
  await client.publish('com.example.bare');
  await client.publish('com.example.moment', '12:00', { acknowledge: true });
  const subscription: Subscription<number, {}> = await client.subscribe('com.example.tick', ({ data }) => data.toFixed());
  await client.subscribe('com.example.moment', ({ data: { at } }) => at, { getRetained: true });
  for await (const { data } of await client.subscribe('com.example.tick')) same<number, typeof data>(true);
  for await (const { data } of client.events('com.example.tick', { buffer: { max: 2 } })) same<number, typeof data>(true);
  // Patterns that the contract does not name.
  await client.subscribe('com.example.', ({ data, topic }: EventMessage<any>) => void [data, topic], { match: 'prefix' });
  for await (const { data } of client.events('com..tick', { match: 'wildcard' })) void data;
  void subscription;

  // @ts-expect-error: a tick is a number
  await client.publish('com.example.tick', 'x');
  // @ts-expect-error: nothing is published
  await client.publish('com.example.tick');
  // @ts-expect-error: publishers give text
  await client.publish('com.example.moment', { at: 1 });
  // @ts-expect-error: a number has no length
  await client.subscribe('com.example.tick', ({ data }) => data.length);
  // @ts-expect-error: the contract has no such topic
  await client.subscribe('com.example.tock', () => {});
  // @ts-expect-error: a procedure is no topic
  await client.publish('com.example.now', 1);
}

export async function templates(): Promise<void> {
  same<Params<'a.{b}.c.{d}'>, { readonly b: string; readonly d: string }>(true);
  await client.subscribe('com.example.chat.{room}', ({ data, params }) => `${params.room} ${data.from}`, { params: '*' });
  await client.subscribe('com.example.chat.{room}', ({ params: { room } }) => room, { params: { room: 'lobby' } });
  await client.publish('com.example.chat.{room}', { from: 'joe', text: 'hi' }, { params: { room: 'lobby' }, acknowledge: true });
  for await (const { params } of client.events('com.example.chat.{room}', { params: '*' })) void params.room;
  await client.call('com.example.device.{id}.set.{register}', [1], { params: { id: 7, register: 'a' } });
  await client.register('com.example.device.{id}.read', (_, { params }) => Number(params.id), { params: '*' });
  await client.register('com.example.device.{id}.set.{register}', ([value], { params }) => void [value, params.id], { params: { id: '*', register: 'a' } });

  // @ts-expect-error: which room?
  await client.publish('com.example.chat.{room}', { from: 'joe', text: 'hi' });
  // @ts-expect-error: one publishes to one room
  await client.publish('com.example.chat.{room}', { from: 'joe', text: 'hi' }, { params: '*' });
  // @ts-expect-error: which room?
  await client.subscribe('com.example.chat.{room}', () => {});
  // @ts-expect-error: rooms it says
  await client.subscribe('com.example.chat.{room}', () => {}, { params: { hall: 'lobby' } });
  // @ts-expect-error: there is no such parameter
  await client.subscribe('com.example.chat.{room}', ({ params }) => params.hall, { params: '*' });
  // @ts-expect-error: one parameter is missing
  await client.call('com.example.device.{id}.set.{register}', [1], { params: { id: 7 } });
  // @ts-expect-error: a URI that is filled in is not the contract's
  await client.publish('com.example.chat.lobby', { from: 'joe', text: 'hi' });
}

export async function named(): Promise<void> {
  await client.call('com.example.search', ['x'], { kwargs: { limit: 5 }, timeout: 5 });
  await client.call('com.example.search', ['x']);
  const found: number = await client.call('com.example.find', [], { kwargs: { tag: 'a' } });
  await client.call('com.example.of.{user}', [], { params: { user: 'joe' }, kwargs: { limit: 5 } });
  const { args, kwargs } = await client.stream('com.example.search', ['x'], { kwargs: {} }).raw;
  same<{ of: number }, typeof kwargs>(true);
  await client.register('com.example.search', ([name], inv) => {
    same<{ limit: number }, typeof inv.kwargs>(true);
    return inv.result({ args: [name], kwargs: { of: 'all' } });
  });
  await client.register('com.example.find', (_, { kwargs: { tag, since }, result }) => result({ args: [tag.length + (since ?? 0)], kwargs: { more: true } }));
  await client.register('com.example.add2', ([a, b], { kwargs, result }) => result({ args: [a + b], kwargs }));
  await client.publish('com.example.price', '12:00', { kwargs: { limit: 1 }, acknowledge: true });
  await client.publish('com.example.price', '12:00');
  await client.publish('com.example.tagged', 1, { kwargs: { tag: 'a' } });
  const subscription = await client.subscribe('com.example.price', ({ data, kwargs }) => data.at + kwargs.limit);
  for await (const event of subscription) same<{ limit: number }, typeof event.kwargs>(true);
  for await (const { kwargs: { tag } } of client.events('com.example.tagged')) same<string, typeof tag>(true);
  // Where the contract says nothing of them there may be any.
  await client.call('com.example.add2', [2, 3], { kwargs: { whatever: 1 } });
  await client.subscribe('com.example.tick', ({ kwargs }) => kwargs['whatever'].anything);
  void [found, args];

  // @ts-expect-error: a limit is a number
  await client.call('com.example.search', ['x'], { kwargs: { limit: '5' } });
  // @ts-expect-error: there is no such keyword argument
  await client.call('com.example.search', ['x'], { kwargs: { limits: 5 } });
  // @ts-expect-error: which tag?
  await client.call('com.example.find', []);
  // @ts-expect-error: which tag?
  await client.call('com.example.find', [], {});
  // @ts-expect-error: which tag?
  client.stream('com.example.find', ['x'], { kwargs: { since: 1 } });
  // @ts-expect-error: callees get a number
  await client.register('com.example.search', (_, { kwargs }) => kwargs.limit.length);
  // @ts-expect-error: callees give text
  await client.register('com.example.search', (_, { result }) => result({ kwargs: { of: 5 } }));
  // @ts-expect-error: is there more?
  await client.register('com.example.find', (_, { result }) => result({ args: [1] }));
  // @ts-expect-error: a limit is a number
  await client.publish('com.example.price', '12:00', { kwargs: { limit: '5' } });
  // @ts-expect-error: which tag?
  await client.publish('com.example.tagged', 1);
  // @ts-expect-error: a limit has no length
  await client.subscribe('com.example.price', ({ kwargs }) => kwargs.limit.length);
  // @ts-expect-error: keyword arguments have names
  procedure({ kwargs: text });
  // @ts-expect-error: there is nothing of that name
  procedure({ inputKwargs: page });
  // @ts-expect-error: there is nothing of that name
  topic({ data: text, args: page });
}

export async function untyped(plain: Client): Promise<void> {
  const sum: number = await plain.call('com.example.add2', [1, 'two'], { timeout: 1 });
  const job = plain.stream('com.example.{x}');
  for await (const progress of job) progress.anything();
  await plain.publish('com.example.x', { a: 1 }, { kwargs: { b: 2 } });
  await plain.subscribe('com.example.x', (event: EventMessage<string>) => event.data.length);
  await plain.subscribe('com.example.{x}', ({ data, params }) => [data.anything, params['x']]);
  await plain.register('com.example.add', ([a, b]: [number, number]) => a + b);
  void sum;
  // @ts-expect-error: without a contract there are no templates
  await plain.publish('com.example.{x}', 1, { params: { x: 'a' } });
}

export function failing(error: unknown): string {
  if (!(error instanceof ValidationError)) return '';
  const [issue] = error.issues;
  return `${issue?.message} ${String(issue?.path?.[0])} ${error.uri}`;
}

export async function asking(subscription: Subscription<string>): Promise<void> {
  const { sessions, registrations, subscriptions, testament } = client.meta;
  const ids: number[] = await sessions.list(['frontend']);
  await sessions.kill(1, { reason: 'com.example.enough', message: 'bye' });
  await sessions.on('join', ({ session, authid }) => void [session.toFixed(), authid.length]);
  await registrations.on('create', ({ uri, session }) => void [uri.length, session.toFixed()]);
  await registrations.on('delete', ({ registration }) => registration.toFixed());
  const details: SubscriptionDetails = await subscriptions.get(1);
  const past: PastEvent<string>[] = await subscriptions.history(subscription, { limit: 10, reverse: true, fromTime: new Date() });
  await testament.add('com.example.gone', 'bye', { scope: 'detached', retain: true });
  void [ids, details, past];
  // @ts-expect-error: there is no such event
  await sessions.on('create', () => {});
  // @ts-expect-error: options are in camel case
  await subscriptions.history(1, { from_time: '2026-01-01T00:00:00Z' });
  // @ts-expect-error: sessions are numbers
  await sessions.get('joe');
}

export async function passingThrough(): Promise<void> {
  const codec = { scheme: 'x_own', encode: (packed: Uint8Array) => packed, decode: (payload: Uint8Array) => payload };
  const plain = await connect('wss://example.com/ws', { realm: 'realm1', passthru: passthru(codec) });
  const ppt = { scheme: 'x_own', serializer: 'cbor', cipher: 'own', keyid: '1' };
  await plain.publish('com.example.x', 1, { ppt });
  await plain.call('com.example.x', [1], { ppt: { scheme: 'mqtt' }, rkey: 'a', runmode: 'partition' });
  await plain.register('com.example.x', () => 1, { ppt, forwardTimeout: true });
  // @ts-expect-error: the scheme is missing
  await plain.publish('com.example.x', 1, { ppt: { serializer: 'cbor' } });
  // @ts-expect-error: only what passthru() made packs anything
  await connect('wss://example.com/ws', { realm: 'realm1', passthru: codec });
  // @ts-expect-error: a codec works both ways
  passthru({ scheme: 'x_own', encode: (packed: Uint8Array) => packed });
}

export async function elsewhere(tab: import('../worker.js').Tab, router: import('../testing.js').TestRouter): Promise<void> {
  const { connect: share } = await import('../worker.js');
  for (const one of [await share(tab, { contract: api }), await router.connect({ contract: api })]) {
    const sum: number = await one.call('com.example.add2', [1, 2]);
    // @ts-expect-error: not in the contract
    await one.call('com.example.missing');
    void sum;
  }
  const plain: Client = await router.connect();
  router.cut(plain);
}
