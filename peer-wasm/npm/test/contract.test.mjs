// Contracts, against the real router: with the validators of two libraries, and with ones that take their time.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as v from 'valibot';
import { ValidationError, WampError, connect, defineContract, procedure, topic } from 'wamplex';
import { z } from 'zod';
import { startRouter } from './router.mjs';
import { rejection } from './scripted.mjs';

let router;
before(async () => (router = await startRouter()));
after(() => router.stop());

/** So many turns of the event loop. */
async function turns(count) {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

/** A validator that lets numbers pass, each after its own time. */
const later = (delay) => ({
  '~standard': {
    version: 1, vendor: 'test',
    validate: async (value) => {
      await turns(delay(value));
      return typeof value === 'number' ? { value } : { issues: [{ message: 'not a number' }] };
    },
  },
});

const api = defineContract({
  'com.test.add': procedure({ input: z.tuple([z.number(), z.number()]), output: z.number() }),
  'com.test.count': procedure({ input: v.tuple([v.number()]), output: v.string() }).progress(v.number()),
  'com.test.defaults': procedure({ input: z.tuple([z.object({ unit: z.string().default('m') })]), output: z.coerce.string() }),
  'com.test.device.{id}.read': procedure(),
  'com.test.room.{room}.said': topic(z.object({ text: z.string() })),
  'com.test.number': topic(v.number()),
  'com.test.untyped': topic(),
  'com.test.slow.call': procedure({ input: v.tupleAsync([v.pipeAsync(v.number(), v.checkAsync(async (value) => (await turns(value % 2 ? 5 : 0), true)))]) }),
  'com.test.slow': topic(later((value) => (value % 2 ? 5 : 0))),
  'com.test.slow.progress': procedure({ output: v.pipeAsync(v.number(), v.checkAsync(async () => true)) }).progress(later((value) => (value % 2 ? 5 : 0))),
  'com.test.search': procedure({
    input: z.tuple([z.string()]), kwargs: z.object({ limit: z.number().default(10), since: z.iso.date().transform((day) => Date.parse(day)).optional() }),
    output: z.number(), outputKwargs: z.object({ of: z.number(), unit: z.string().default('m') }),
  }).progress(z.string()),
  'com.test.named': procedure({ kwargs: v.object({ a: v.number() }) }),
  'com.test.slow.named': procedure({ kwargs: v.objectAsync({ n: v.pipeAsync(v.number(), v.checkAsync(async (n) => (await turns(n % 2 ? 5 : 0), n < 100), 'too much')) }) }),
  'com.test.tagged': topic({ data: z.number(), kwargs: z.object({ tags: z.array(z.string()).default([]) }).strict() }),
  'com.test.only.named': topic({ kwargs: v.object({ at: v.pipe(v.string(), v.transform(Number)) }) }),
  'com.test.slow.tagged': topic({
    kwargs: v.pipeAsync(v.object({ n: v.number() }), v.checkAsync(async ({ n }) => (await turns(n % 2 ? 5 : 0), n >= 0)), v.transform(({ n }) => ({ twice: n * 2 }))),
  }),
});

/** Two clients that are gone with the test; without a contract unless told so. */
async function clients(t, ...contracts) {
  const opened = await Promise.all(contracts.map((contract) => connect(router.url, { realm: 'realm1', ...(contract && { contract }) })));
  t.after(() => Promise.all(opened.map((client) => client.close())));
  return opened;
}

/** What the `error` event of a client tells, instead of the console. */
function failures(client) {
  const told = [];
  client.addEventListener('error', (event) => {
    event.preventDefault();
    told.push([event.detail.where, event.detail.error.name, event.detail.error.message]);
  });
  return told;
}

/** Resolves when everything that was published before has been delivered. */
async function settled(subscriber, publisher, uri = `com.settled.${Math.random().toString(36).slice(2)}`) {
  let arrived;
  const promise = new Promise((resolve) => (arrived = resolve));
  const subscription = await subscriber.subscribe(uri, arrived);
  await publisher.publish(uri, null, { acknowledge: true, excludeMe: false });
  await promise;
  await subscription.unsubscribe();
}

test('arguments are checked before they are sent', async (t) => {
  const [checked, plain] = await clients(t, api, undefined);
  const seen = [];
  await plain.register('com.test.add', ([a, b]) => (seen.push([a, b]), a + b));
  assert.equal(await checked.call('com.test.add', [1, 2]), 3);
  const error = await rejection(checked.call('com.test.add', [1, 'two']));
  assert.ok(error instanceof ValidationError && error instanceof WampError);
  assert.equal(error.name, 'ValidationError');
  assert.equal(error.uri, 'wamp.error.invalid_argument');
  assert.deepEqual(error.issues[0].path, [1]);
  assert.match(error.message, /the list of arguments of com\.test\.add does not fit the contract: 1: /);
  assert.deepEqual(seen, [[1, 2]]);
});

test('a result that does not fit rejects the call', async (t) => {
  const [checked, plain] = await clients(t, api, undefined);
  await plain.register('com.test.add', () => 'three');
  const error = await rejection(checked.call('com.test.add', [1, 2]));
  assert.ok(error instanceof ValidationError);
  assert.match(error.message, /^the result of com\.test\.add/);
  // What is asked for raw is not looked at.
  assert.deepEqual((await checked.callRaw('com.test.add', ['a'])).args, ['three']);
});

test('a callee refuses arguments that do not fit, and tells why', async (t) => {
  const [checked, plain] = await clients(t, api, undefined);
  const told = failures(checked);
  await checked.register('com.test.add', () => assert.fail('not to be called'));
  const error = await rejection(plain.call('com.test.add', ['one', 2]));
  assert.equal(error.uri, 'wamp.error.invalid_argument');
  assert.deepEqual(error.kwargs.issues.map(({ path }) => path), [[0]]);
  assert.equal(typeof error.kwargs.issues[0].message, 'string');
  assert.deepEqual(told, []);
});

test('a callee whose result does not fit learns of it, and the caller gets an error', async (t) => {
  const [checked, plain] = await clients(t, api, undefined);
  const told = failures(checked);
  await checked.register('com.test.add', () => 'three');
  const error = await rejection(plain.call('com.test.add', [1, 2]));
  assert.equal(error.uri, 'wamp.error.runtime_error');
  assert.deepEqual(told.map(([where, name]) => [where, name]), [['handler', 'TypeError']]);
});

test('who receives gets what the validator makes of it, and who sends what was given', async (t) => {
  const [callee, caller] = await clients(t, api, api);
  const given = [];
  await callee.register('com.test.defaults', ([what], inv) => (given.push(what, inv.args), 7));
  assert.equal(await caller.call('com.test.defaults', [{}]), '7');
  assert.deepEqual(given, [{ unit: 'm' }, [{ unit: 'm' }]]);
  assert.deepEqual((await caller.callRaw('com.test.defaults', [{}])).args, [7]);
});

test('raw results are checked by their first argument', async (t) => {
  const [checked, plain] = await clients(t, api, undefined);
  await checked.register('com.test.add', ([a, b], inv) => inv.result({ args: [a + b, 'more'], kwargs: { of: 2 } }));
  const { args, kwargs } = await plain.callRaw('com.test.add', [1, 2]);
  assert.deepEqual([args, kwargs], [[3, 'more'], { of: 2 }]);
});

test('progressive results are checked on both sides', async (t) => {
  const [callee, caller, plain] = await clients(t, api, api, undefined);
  const told = failures(callee);
  const registration = await callee.register('com.test.count', async function* ([n], inv) {
    for (let i = 0; i < n; i++) yield i;
    await inv.progress(100);
    return n > 3 ? n : 'done';
  });
  const job = caller.stream('com.test.count', [2]);
  const seen = [];
  for await (const value of job) seen.push(value);
  assert.deepEqual([seen, await job.result], [[0, 1, 100], 'done']);
  assert.equal((await rejection(plain.call('com.test.count', [4]))).uri, 'wamp.error.runtime_error');
  assert.equal(told.length, 1);
  assert.ok((await rejection(caller.stream('com.test.count', ['2']).result)) instanceof ValidationError);
  await registration.unregister();

  await plain.register('com.test.count', async function* () {
    yield 1;
    yield 'two';
    return 'done';
  });
  const wrong = caller.stream('com.test.count', [2]);
  const before = [];
  await assert.rejects(async () => {
    for await (const value of wrong) before.push(value);
  }, ValidationError);
  assert.deepEqual(before, [1]);
  assert.ok((await rejection(wrong.result)) instanceof ValidationError);
});

test('a stream that is left or canceled interrupts the callee, behind the checks too', async (t) => {
  const [callee, caller] = await clients(t, api, api);
  let stopped;
  const returned = new Promise((resolve) => (stopped = resolve));
  await callee.register('com.test.count', async function* (_, inv) {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      stopped(inv.signal.aborted);
    }
  });
  for await (const value of caller.stream('com.test.count', [1])) if (value > 2) break;
  assert.equal(await returned, true);
  const reason = new Error('enough');
  const abort = new AbortController();
  const job = caller.stream('com.test.count', [1], { signal: abort.signal });
  abort.abort(reason);
  assert.equal(await rejection(job.result), reason);
});

test('templates of procedures: one, or a pattern that tells what was called', async (t) => {
  const [callee, caller] = await clients(t, api, api);
  const all = await callee.register('com.test.device.{id}.read', (args, { params, procedure }) => [params.id, procedure, args], { params: '*' });
  assert.equal(all.procedure, 'com.test.device..read');
  const params = { id: 7 };
  assert.deepEqual(await caller.call('com.test.device.{id}.read', ['x'], { params }), ['7', 'com.test.device.7.read', ['x']]);
  await callee.register('com.test.device.{id}.read', (_, inv) => ['one', inv.params.id], { params });
  assert.deepEqual(await caller.call('com.test.device.{id}.read', [], { params }), ['one', '7']);
  assert.deepEqual(await caller.stream('com.test.device.{id}.read', [], { params: { id: 'b' } }).result, ['b', 'com.test.device.b.read', []]);
});

test('templates of topics: one, or a pattern that tells what was published to', async (t) => {
  const [subscriber, publisher] = await clients(t, api, api);
  const seen = [];
  const handler = (which) => ({ data, params, topic }) => void seen.push([which, data.text, params.room, topic]);
  await subscriber.subscribe('com.test.room.{room}.said', handler('one'), { params: { room: 'lobby' } });
  await subscriber.subscribe('com.test.room.{room}.said', handler('all'), { params: '*' });
  for (const room of ['lobby', 'attic']) await publisher.publish('com.test.room.{room}.said', { text: 'hi' }, { params: { room }, acknowledge: true });
  await settled(subscriber, publisher);
  assert.deepEqual(seen.toSorted(), [
    ['all', 'hi', 'attic', 'com.test.room.attic.said'], ['all', 'hi', 'lobby', 'com.test.room.lobby.said'],
    ['one', 'hi', 'lobby', 'com.test.room.lobby.said'],
  ]);
});

test('parameters that would be another URI are refused', async (t) => {
  const [client] = await clients(t, api);
  for (const room of ['a.b', '', 'a b', '#', '*', undefined]) {
    const error = await rejection(client.publish('com.test.room.{room}.said', { text: '' }, { params: { room } }));
    assert.ok(error instanceof TypeError, String(room));
    assert.match(error.message, /params\.room must be/);
  }
  await assert.rejects(client.call('com.test.device.{id}.read', []), TypeError);
  await assert.rejects(client.subscribe('com.test.room.{room}.said', () => {}), TypeError);
});

test('templates that make no sense are refused when they are defined', () => {
  for (const uri of ['com.{a', 'com.x{a}', 'com.{a}{b}', 'com.{a}.{a}', 'com.{}']) {
    assert.throws(() => defineContract({ [uri]: topic() }), TypeError, uri);
  }
});

test('what is published is checked before, and what arrives before it is delivered', async (t) => {
  const [checked, plain] = await clients(t, api, undefined);
  const told = failures(checked);
  const seen = [];
  await checked.subscribe('com.test.number', (event) => void seen.push([event.data, event.args]));
  assert.ok((await rejection(checked.publish('com.test.number', 'one'))) instanceof ValidationError);
  await plain.publish('com.test.number', 'two', { acknowledge: true });
  await plain.publish('com.test.number', 3, { acknowledge: true, args: ['more'] });
  await settled(checked, plain);
  assert.deepEqual(seen, [[3, [3, 'more']]]);
  assert.deepEqual(told.map(([where, name]) => [where, name]), [['contract', 'ValidationError']]);
});

test('iterators leave out what does not fit', async (t) => {
  const [checked, plain] = await clients(t, api, undefined);
  const told = failures(checked);
  const subscription = await checked.subscribe('com.test.number');
  const events = checked.events('com.test.number');
  const pending = [events.next(), events.next()];
  const started = await Promise.race([pending[0], settled(checked, plain)]);
  assert.equal(started, undefined);
  for (const value of ['no', 1, 'no', 2]) await plain.publish('com.test.number', value, { acknowledge: true });
  assert.deepEqual((await Promise.all(pending)).map(({ value }) => value.data), [1, 2]);
  const iterator = subscription[Symbol.asyncIterator]();
  assert.deepEqual([(await iterator.next()).value.data, (await iterator.next()).value.data], [1, 2]);
  await events.return();
  assert.deepEqual(await events.next(), { done: true, value: undefined });
  assert.deepEqual(new Set(told.map(([where]) => where)), new Set(['contract']));
});

test('validators that take their time change no order', async (t) => {
  const [subscriber, publisher] = await clients(t, api, api);
  const handled = [];
  const iterated = [];
  const handling = new Promise((resolve) => {
    const subscribing = subscriber.subscribe('com.test.slow', ({ data }) => void (handled.push(data) === 20 && resolve()));
    subscribing.catch(resolve);
  });
  const events = subscriber.events('com.test.slow');
  const reading = (async () => {
    for await (const { data } of events) if (iterated.push(data) === 20) return;
  })();
  // The iterator subscribes by itself; this goes out after it.
  await settled(subscriber, publisher);
  const sent = Array.from({ length: 20 }, (_, i) => publisher.publish('com.test.slow', i, { acknowledge: true }));
  assert.ok((await rejection(publisher.publish('com.test.slow', 'x'))) instanceof ValidationError);
  const publications = await Promise.all(sent);
  assert.equal(new Set(publications.map(({ publication }) => publication)).size, 20);
  await Promise.all([reading, handling]);
  assert.deepEqual(iterated, Array.from({ length: 20 }, (_, i) => i));
  assert.deepEqual(handled, iterated);
});

test('validators that take their time change no order of calls', async (t) => {
  const [callee, caller] = await clients(t, api, api);
  const started = [];
  await callee.register('com.test.slow.call', async ([n]) => {
    started.push(n);
    await turns(n % 3);
    return n;
  });
  const numbers = Array.from({ length: 20 }, (_, i) => i);
  const [results] = await Promise.all([
    Promise.all(numbers.map((n) => caller.call('com.test.slow.call', [n]))),
    rejection(caller.call('com.test.slow.call', ['x'])),
  ]);
  assert.deepEqual([results, started], [numbers, numbers]);
});

test('what the contract does not name goes through, and names of the other kind do not', async (t) => {
  const [client, plain] = await clients(t, api, undefined);
  await plain.register('com.test.other', ([x]) => x);
  assert.equal(await client.call('com.test.other', [1]), 1);
  await assert.rejects(client.call('com.test.number'), /com\.test\.number is a topic of the contract/);
  await assert.rejects(client.publish('com.test.add', 1), /com\.test\.add is a procedure of the contract/);
  const seen = [];
  await client.subscribe('com.test.', ({ topic }) => void seen.push(topic), { match: 'prefix' });
  await plain.publish('com.test.number', 'anything', { acknowledge: true });
  await settled(client, plain);
  assert.deepEqual(seen, ['com.test.number']);
});

test('a client seen through a contract is the same client', async (t) => {
  const [plain] = await clients(t, undefined);
  const view = plain.withContract(api);
  assert.ok(view instanceof plain.constructor);
  assert.equal(view.session, plain.session);
  assert.equal(view.state, 'open');
  assert.ok((await rejection(view.call('com.test.add', [1, 'two']))) instanceof ValidationError);
  const told = failures(view);
  await view.subscribe('com.test.number', () => {});
  await plain.publish('com.test.number', 'x', { acknowledge: true, excludeMe: false });
  await settled(plain, view);
  assert.deepEqual(told.map(([where]) => where), ['contract']);
  await view.close();
  assert.equal(plain.state, 'closed');
});

test('keyword arguments are checked before they are sent, and go as they were given', async (t) => {
  const [checked, plain] = await clients(t, api, undefined);
  const seen = [];
  await plain.register('com.test.search', (args, inv) => (seen.push(inv.kwargs), inv.result({ args: [args.length], kwargs: { of: 3 } })));
  assert.equal(await checked.call('com.test.search', ['x'], { kwargs: { since: '2026-01-01' } }), 1);
  assert.equal(await checked.call('com.test.search', ['x']), 1);
  const error = await rejection(checked.call('com.test.search', ['x'], { kwargs: { limit: 'many' } }));
  assert.ok(error instanceof ValidationError);
  assert.equal(error.uri, 'wamp.error.invalid_argument');
  assert.deepEqual(error.issues[0].path, ['limit']);
  assert.match(error.message, /the set of keyword arguments of com\.test\.search does not fit the contract: limit: /);
  assert.ok((await rejection(checked.call('com.test.named'))) instanceof ValidationError);
  const job = checked.stream('com.test.search', ['x'], { kwargs: { limit: null } });
  assert.ok((await rejection(job.result)) instanceof ValidationError);
  assert.deepEqual(seen, [{ since: '2026-01-01' }, {}]);
});

test('a callee refuses keyword arguments that do not fit, and gets what the validator makes of the others', async (t) => {
  const [checked, plain] = await clients(t, api, undefined);
  const told = failures(checked);
  const seen = [];
  await checked.register('com.test.search', ([text], { args, kwargs, result }) => {
    seen.push([text, args, kwargs]);
    return result({ args: [kwargs.limit], kwargs: { of: 5, more: true } });
  });
  await checked.register('com.test.named', (args, { kwargs }) => [args, kwargs]);
  const { args, kwargs } = await plain.callRaw('com.test.search', { args: ['x'], kwargs: { since: '1970-01-02', junk: 1 } });
  assert.deepEqual([args, kwargs, seen], [[10], { of: 5, more: true }, [['x', ['x'], { limit: 10, since: 86_400_000 }]]]);
  assert.deepEqual(await plain.call('com.test.named', ['anything', 2], { kwargs: { a: 1 } }), [['anything', 2], { a: 1 }]);
  for (const given of [{ args: ['x'], kwargs: { limit: 'many' } }, { args: ['x'], kwargs: { since: 'long ago' } }]) {
    const error = await rejection(plain.callRaw('com.test.search', given));
    assert.equal(error.uri, 'wamp.error.invalid_argument');
    assert.deepEqual(error.kwargs.issues.map(({ path }) => path), [Object.keys(given.kwargs)]);
    assert.match(error.message, /keyword arguments of com\.test\.search/);
  }
  // Of two faults the one in the list is told.
  const both = await rejection(plain.callRaw('com.test.search', { args: [5], kwargs: { limit: 'many' } }));
  assert.deepEqual(both.kwargs.issues.map(({ path }) => path), [[0]]);
  assert.equal((await rejection(plain.callRaw('com.test.named', []))).uri, 'wamp.error.invalid_argument');
  assert.equal(seen.length, 1);
  assert.deepEqual(told, []);
});

test('keyword results are checked on both sides, and streams give what the validator makes of them', async (t) => {
  const [callee, caller, plain] = await clients(t, api, api, undefined);
  const told = failures(callee);
  const registration = await callee.register('com.test.search', async function* ([text], inv) {
    yield 'on the way';
    return text === 'bare' ? 1 : inv.result({ args: [1, 'more'], kwargs: text === 'wrong' ? { of: 'all' } : { of: 3 } });
  });
  const job = caller.stream('com.test.search', ['right']);
  const seen = [];
  for await (const value of job) seen.push(value);
  const { args, kwargs } = await job.raw;
  assert.deepEqual([seen, args, kwargs], [['on the way'], [1, 'more'], { of: 3, unit: 'm' }]);
  assert.equal(await caller.call('com.test.search', ['right']), 1);
  // Without any there is nothing that `of` could be.
  for (const text of ['wrong', 'bare']) assert.equal((await rejection(plain.call('com.test.search', [text]))).uri, 'wamp.error.runtime_error');
  assert.deepEqual(told.map(([where, name]) => [where, name]), [['handler', 'TypeError'], ['handler', 'TypeError']]);
  assert.match(told[0][2], /^the set of keyword results of com\.test\.search .*of: /);
  await registration.unregister();

  await plain.register('com.test.search', () => 1);
  for (const promise of [caller.call('com.test.search', ['x']), caller.stream('com.test.search', ['x']).result]) {
    const error = await rejection(promise);
    assert.ok(error instanceof ValidationError);
    assert.match(error.message, /^the set of keyword results of com\.test\.search/);
  }
});

test('keyword arguments of events are checked before they are published and before they are delivered', async (t) => {
  const [checked, plain] = await clients(t, api, undefined);
  const told = failures(checked);
  const seen = [];
  const raw = [];
  await checked.subscribe('com.test.tagged', ({ data, args, kwargs }) => void seen.push([data, args, kwargs]));
  await checked.subscribe('com.test.only.named', ({ data, kwargs }) => void seen.push([data, kwargs]));
  await plain.subscribe('com.test.', ({ topic, kwargs }) => void raw.push([topic, kwargs]), { match: 'prefix' });
  const options = { acknowledge: true, excludeMe: false };
  for (const kwargs of [{ tags: 'a' }, { labels: [] }]) {
    assert.ok((await rejection(checked.publish('com.test.tagged', 1, { ...options, kwargs }))) instanceof ValidationError);
    await plain.publish('com.test.tagged', 1, { ...options, kwargs });
  }
  assert.ok((await rejection(checked.publish('com.test.only.named', 1))) instanceof ValidationError);
  await checked.publish('com.test.tagged', 2, options);
  await checked.publish('com.test.tagged', 3, { ...options, kwargs: { tags: ['a'] }, args: ['more'] });
  await checked.publish('com.test.only.named', undefined, { ...options, kwargs: { at: '5' } });
  await plain.publish('com.test.only.named', 'anything', { ...options, kwargs: { at: 5 } });
  await settled(checked, plain);
  assert.deepEqual(seen, [[2, [2], { tags: [] }], [3, [3, 'more'], { tags: ['a'] }], [undefined, { at: 5 }]]);
  assert.deepEqual(told.map(([where, name]) => [where, name]), Array(3).fill(['contract', 'ValidationError']));
  assert.deepEqual(raw.filter(([topic]) => topic === 'com.test.only.named'), [['com.test.only.named', { at: '5' }], ['com.test.only.named', { at: 5 }]]);
});

test('validators of keyword arguments that take their time change no order', async (t) => {
  const [callee, caller] = await clients(t, api, api);
  const [started, events] = [[], []];
  await callee.register('com.test.slow.named', (_, { kwargs }) => (started.push(kwargs.n), kwargs.n));
  const numbers = Array.from({ length: 20 }, (_, i) => i);
  const arrived = new Promise((resolve) => {
    callee.subscribe('com.test.slow.tagged', ({ kwargs }) => void (events.push(kwargs.twice) === 20 && resolve())).catch(resolve);
  });
  await settled(callee, caller);
  const [results, error, refused] = await Promise.all([
    Promise.all(numbers.map((n) => caller.call('com.test.slow.named', [], { kwargs: { n } }))),
    rejection(caller.call('com.test.slow.named', [], { kwargs: { n: 101 } })),
    rejection(caller.publish('com.test.slow.tagged', null, { kwargs: { n: -1 } })),
    ...numbers.map((n) => caller.publish('com.test.slow.tagged', null, { kwargs: { n } })),
  ]);
  await arrived;
  assert.deepEqual([results, started, events], [numbers, numbers, numbers.map((n) => n * 2)]);
  assert.match(`${error} ${refused}`, /ValidationError: .*too much.*ValidationError: /);
});

test('what reaches handlers whose contract names no keyword arguments is what was sent', async (t) => {
  const [checked, plain] = await clients(t, api, undefined);
  const kwargs = { limit: 'many', nested: { a: [1] } };
  const seen = [];
  await checked.register('com.test.add', ([a, b], inv) => (seen.push(inv.kwargs), inv.result({ args: [a + b], kwargs: inv.kwargs })));
  await checked.register('com.test.device.{id}.read', (_, inv) => void seen.push(inv.kwargs), { params: '*' });
  await checked.subscribe('com.test.number', (event) => void seen.push(event.kwargs));
  assert.deepEqual((await plain.callRaw('com.test.add', { args: [1, 2], kwargs })).kwargs, kwargs);
  assert.equal(await checked.call('com.test.add', [1, 2], { kwargs }), 3);
  await plain.call('com.test.device.7.read', [], { kwargs });
  await plain.publish('com.test.number', 1, { kwargs, acknowledge: true });
  await checked.publish('com.test.number', 2, { kwargs, acknowledge: true, excludeMe: false });
  await settled(checked, plain);
  assert.deepEqual(seen, Array(5).fill(kwargs));
});

test('what is no validator is refused when it is given', () => {
  const old = { _def: {}, parse: (value) => value };
  for (const make of [
    () => topic(old), () => topic({ data: old }), () => topic({ data: z.string(), kwarg: z.object({}) }), () => topic('text'),
    () => procedure({ input: old }), () => procedure({ kwargs: {} }), () => procedure({ inputs: z.tuple([]) }), () => procedure(z.tuple([])),
    () => procedure().progress(old),
  ]) assert.throws(make, { name: 'TypeError', message: /validator/ });
});

test('a call that is given up while it is checked settles at once, and is not sent', async (t) => {
  const never = { '~standard': { version: 1, vendor: 'test', validate: () => new Promise(() => {}) } };
  const stuck = defineContract({ 'com.test.stuck': procedure({ input: never }), 'com.test.stuck.topic': topic(never), 'com.test.late': procedure({ output: never }) });
  const [client, plain] = await clients(t, stuck, undefined);
  await plain.register('com.test.late', () => 1);
  const abort = new AbortController();
  const { signal } = abort;
  const pending = [
    client.call('com.test.late', [], { signal }), client.call('com.test.stuck', [], { signal }),
    client.publish('com.test.stuck.topic', 1, { signal }), client.stream('com.test.stuck', [], { signal }).result,
  ];
  await settled(plain, plain);
  const reason = new Error('enough');
  abort.abort(reason);
  for (const promise of pending) assert.equal(await rejection(promise), reason);
});

test('validators may answer with whatever can be waited for', async (t) => {
  const thenable = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ then: (resolve) => resolve(typeof value === 'string' ? { value: value.length } : { issues: [{ message: 'no text' }] }) }) } };
  const [client] = await clients(t, defineContract({ 'com.test.length': procedure({ output: thenable }) }));
  await client.register('com.test.length', ([text]) => text);
  assert.equal(await client.call('com.test.length', ['four']), 4);
  assert.equal((await rejection(client.call('com.test.length', [4]))).uri, 'wamp.error.runtime_error');
});

test('validators that take their time change no order of progressive results', async (t) => {
  const [callee, plain] = await clients(t, api, undefined);
  await callee.register('com.test.slow.progress', async function* (_, inv) {
    for (const n of [1, 2, 3]) void inv.progress(n);
    yield 4;
    void inv.progress(5);
    return 6;
  });
  const job = plain.stream('com.test.slow.progress');
  const seen = [];
  for await (const value of job) seen.push(value);
  assert.deepEqual([seen, await job.result], [[1, 2, 3, 4, 5], 6]);
});

test('a stream throws nothing, whatever it is asked for', async (t) => {
  const [client] = await clients(t, api);
  for (const [uri, words] of [['com.test.number', /is a topic of the contract/], ['com.test.device.{id}.read', /params\.id must be/]]) {
    const job = client.stream(uri);
    assert.match((await rejection(job.result)).message, words);
    assert.match((await rejection(job.raw)).message, words);
    await assert.rejects(async () => {
      for await (const value of job) assert.fail(value);
    }, words);
  }
});
