// The built package against the real router, over each serializer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CanceledError, Client, ConnectionLostError, TimeoutError, WampError, connect } from 'wamplex';
import { startRouter } from './router.mjs';

let router;
before(async () => (router = await startRouter()));
after(() => router.stop());

const rejection = (promise) => promise.then((value) => assert.fail(`resolved to ${value}`), (error) => error);

/** Runs a test over each serializer with two clients that close at its end. */
function each(name, run) {
  for (const serializer of ['json', 'msgpack', 'cbor']) {
    test(`${serializer}: ${name}`, async (t) => {
      const open = async (options = {}) => {
        const client = await connect(router.url, { realm: 'realm1', serializers: [serializer], ...options });
        t.after(() => client.close());
        return client;
      };
      await run({ alice: await open(), bob: await open(), open, serializer });
    });
  }
}

/** Values that every serializer carries. */
const values = [
  null, true, false, 0, 1, -1, 127, 128, -128, 65_535, 65_536, 2 ** 31, -(2 ** 31) - 1, 2 ** 32, 2 ** 53, -(2 ** 53),
  9007199254740993n, -9007199254740993n, 2n ** 64n - 1n, -(2n ** 63n), 0.5, -1.25e-7, 1.7976931348623157e308,
  '', 'text', 'wörter 漢字 😀', '\ufeffmark', 'x'.repeat(5000), 'ä'.repeat(2000),
  new Uint8Array(0), Uint8Array.from({ length: 1000 }, (_, i) => i), [], {}, [[[]]], { a: { b: [1, { c: null }] } },
  Array.from({ length: 300 }, (_, i) => ({ id: i, name: `name ${i}`, tags: ['a', 'b'] })),
  JSON.parse('{"__proto__": {"x": 1}, "constructor": 1, "": 2, "schlüssel": 3}'),
];

each('the session', async ({ alice, bob, serializer }) => {
  assert.equal(alice.session.realm, 'realm1');
  assert.equal(alice.session.serializer, serializer);
  assert.ok(Number.isSafeInteger(alice.session.id) && alice.session.id !== bob.session.id);
  assert.ok(alice.session.supports('dealer', 'call_canceling'));
  assert.equal(alice.state, 'open');
});

each('every value survives a call and an event', async ({ alice, bob }) => {
  await alice.register('com.example.echo', (args, inv) => inv.result({ args, kwargs: inv.kwargs }));
  const { args, kwargs } = await bob.callRaw('com.example.echo', { args: values, kwargs: { values } });
  assert.deepEqual(args, values);
  assert.deepEqual(kwargs, { values });
  const arrived = new Promise((resolve) => bob.subscribe('com.example.values', resolve).then(() => alice.publish('com.example.values', undefined, { args: values, kwargs: { values } })));
  const event = await arrived;
  assert.deepEqual([event.args, event.kwargs, event.topic], [values, { values }, 'com.example.values']);
});

test('values survive the way from every serializer to every other', async (t) => {
  const names = ['json', 'msgpack', 'cbor'];
  const clients = await Promise.all(names.map((name) => connect(router.url, { realm: 'realm1', serializers: [name] })));
  t.after(() => Promise.all(clients.map((client) => client.close())));
  for (const [i, callee] of clients.entries()) await callee.register(`com.example.from.${names[i]}`, ([value]) => value);
  for (const [i, caller] of clients.entries()) {
    for (const name of names) {
      for (const value of values) assert.deepEqual(await caller.call(`com.example.from.${name}`, [value]), value, `${names[i]} to ${name}`);
    }
  }
});

each('events reach handlers and iterators, in order', async ({ alice, bob }) => {
  const seen = [];
  const subscription = await bob.subscribe('com.example.tick', (event) => seen.push(event.data));
  const iterated = await bob.subscribe('com.example.tick');
  const again = bob.events('com.example.tick');
  const first = again.next();
  for (let i = 0; i < 100; i++) void alice.publish('com.example.tick', i);
  await alice.publish('com.example.tick', 'last', { acknowledge: true });
  const collected = [];
  for await (const { data } of iterated) {
    collected.push(data);
    if (data === 'last') break;
  }
  const expected = [...Array.from({ length: 100 }, (_, i) => i), 'last'];
  assert.deepEqual(collected, expected);
  assert.deepEqual(seen, expected);
  void first;
  await again.return();
  assert.equal(iterated.active, false);
  assert.equal(subscription.active, true);
  await subscription.unsubscribe();
});

each('acknowledged events tell their publication', async ({ alice, bob }) => {
  const arrived = new Promise((resolve) => (alice.resolve = resolve));
  await bob.subscribe('com.example.ack', (event) => alice.resolve(event));
  const { publication } = await alice.publish('com.example.ack', 1, { acknowledge: true });
  const event = await arrived;
  assert.equal(event.publication, publication);
  assert.equal(event.retained, false);
});

each('publishers are excluded unless they ask', async ({ alice }) => {
  const seen = [];
  await alice.subscribe('com.example.self', (event) => seen.push(event.data));
  await alice.publish('com.example.self', 'quiet', { acknowledge: true });
  await alice.publish('com.example.self', 'loud', { acknowledge: true, excludeMe: false });
  await alice.call('wamp.session.count').catch(() => {});
  assert.deepEqual(seen, ['loud']);
});

each('pattern subscriptions tell the topic', async ({ alice, bob }) => {
  const seen = [];
  await bob.subscribe('com.example.pattern.', (event) => seen.push(['prefix', event.topic]), { match: 'prefix' });
  await bob.subscribe('com..pattern.a', (event) => seen.push(['wildcard', event.topic]), { match: 'wildcard' });
  await alice.publish('com.example.pattern.a', 1, { acknowledge: true });
  await bob.call('wamp.session.count').catch(() => {});
  assert.deepEqual(seen.sort(), [['prefix', 'com.example.pattern.a'], ['wildcard', 'com.example.pattern.a']]);
});

each('after the last handler has gone, nothing is delivered', async ({ alice, bob }) => {
  const seen = [];
  const one = await bob.subscribe('com.example.gone', () => seen.push('one'));
  const two = await bob.subscribe('com.example.gone', () => seen.push('two'));
  assert.equal(one.id, two.id);
  await one.unsubscribe();
  await alice.publish('com.example.gone', 1, { acknowledge: true });
  await bob.call('wamp.session.count').catch(() => {});
  assert.deepEqual(seen, ['two']);
  await two.unsubscribe();
  await alice.publish('com.example.gone', 2, { acknowledge: true });
  await bob.call('wamp.session.count').catch(() => {});
  assert.deepEqual(seen, ['two']);
});

each('calls, errors, and the end of a registration', async ({ alice, bob }) => {
  const registration = await alice.register('com.example.add2', ([a, b]) => a + b);
  assert.equal(await bob.call('com.example.add2', [2, 3]), 5);
  assert.equal(await alice.call('com.example.add2', [2, 3]), 5, 'by oneself');
  await registration.unregister();
  assert.ok(WampError.is(await rejection(bob.call('com.example.add2', [2, 3])), 'wamp.error.no_such_procedure'));
  await alice.register('com.example.fail', () => { throw new WampError('com.example.error.own', { args: [1n], kwargs: { a: new Uint8Array(2) } }); });
  const error = await rejection(bob.call('com.example.fail'));
  assert.deepEqual([error.uri, error.args, error.kwargs], ['com.example.error.own', [1], { a: new Uint8Array(2) }]);
  assert.ok(WampError.is(await rejection(bob.register('com.example.fail', () => {})), 'wamp.error.procedure_already_exists'));
  assert.ok(WampError.is(await rejection(bob.call('not a uri#')), 'wamp.error.invalid_uri'));
});

each('a thousand calls at once find their answers', async ({ alice, bob }) => {
  await alice.register('com.example.double', async ([n]) => n * 2);
  const results = await Promise.all(Array.from({ length: 1000 }, (_, i) => bob.call('com.example.double', [i])));
  assert.deepEqual(results, Array.from({ length: 1000 }, (_, i) => i * 2));
});

each('progressive results', async ({ alice, bob }) => {
  await alice.register('com.example.count', async function* ([n]) {
    for (let i = 0; i < n; i++) yield { i };
    return 'done';
  });
  const job = bob.stream('com.example.count', [20]);
  const pieces = [];
  for await (const piece of job) pieces.push(piece.i);
  assert.deepEqual(pieces, Array.from({ length: 20 }, (_, i) => i));
  assert.equal(await job.result, 'done');
  assert.equal(await bob.call('com.example.count', [3]), 'done', 'without asking for progress');
});

each('canceling reaches the callee', async ({ alice, bob }) => {
  let interrupted;
  const interruption = new Promise((resolve) => (interrupted = resolve));
  await alice.register('com.example.forever', (_, inv) => new Promise((_, reject) => inv.signal.addEventListener('abort', () => {
    interrupted(inv.signal.reason);
    reject(inv.signal.reason);
  })));
  const controller = new AbortController();
  const failure = rejection(bob.call('com.example.forever', [], { signal: controller.signal, cancelMode: 'kill' }));
  await bob.call('wamp.session.count').catch(() => {});
  controller.abort(new Error('enough'));
  assert.equal((await failure).message, 'enough');
  assert.ok((await interruption) instanceof CanceledError);
  const late = await rejection(bob.call('com.example.forever', [], { timeout: 30 }));
  assert.ok(late instanceof TimeoutError);
  const job = bob.stream('com.example.endless');
  job.cancel();
  assert.ok((await rejection(job.result)) instanceof CanceledError);
});

each('an endless generator stops when its caller leaves the loop', async ({ alice, bob }) => {
  let stopped;
  const stop = new Promise((resolve) => (stopped = resolve));
  await alice.register('com.example.endless', async function* () {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      stopped();
    }
  });
  let sum = 0;
  for await (const piece of bob.stream('com.example.endless')) if ((sum += piece) > 1000) break;
  await stop;
});

each('arguments in pieces', async ({ alice, bob }) => {
  if (!bob.session.supports('dealer', 'progressive_call_invocations')) return;
  await alice.register('com.example.sum', async function* ([first], inv) {
    let sum = first;
    yield sum;
    for await (const { args } of inv.input) yield (sum += args[0]);
    return sum;
  });
  const job = bob.stream('com.example.sum', [1], { input: [[2], [3], [4]] });
  const pieces = [];
  for await (const piece of job) pieces.push(piece);
  assert.deepEqual(pieces, [1, 3, 6, 10]);
  assert.equal(await job.result, 10);
});

each('all integers as bigint, if the application wants that', async ({ alice, open }) => {
  await alice.register('com.example.int', ([value]) => value);
  const client = await open({ bigint: 'always' });
  assert.deepEqual(await client.call('com.example.int', [[1, -1, 2 ** 40, 0.5, '1']]), [1n, -1n, 2n ** 40n, 0.5, '1']);
  assert.equal(typeof client.session.id, 'number');
  const event = new Promise((resolve) => client.subscribe('com.example.int', resolve).then(() => alice.publish('com.example.int', 7)));
  assert.deepEqual([(await event).data, typeof (await event).publication], [7n, 'number']);
  const rounded = await open({ bigint: 'never' });
  assert.equal(await rounded.call('com.example.int', [2n ** 60n + 1n]), 2 ** 60);
});

each('requests may be made before the session is open', async ({ alice, open, serializer }) => {
  void open;
  await alice.register('com.example.early', () => 'here');
  const client = new Client(router.url, { realm: 'realm1', serializers: [serializer] });
  const results = await Promise.all([client.call('com.example.early'), client.subscribe('com.example.early', () => {}), client.publish('com.example.early')]);
  assert.equal(results[0], 'here');
  await client.close();
});

each('messages are traced as they are', async ({ alice }) => {
  const lines = [];
  alice.addEventListener('trace', ({ detail }) => lines.push([detail.dir, ...detail.message]));
  await rejection(alice.call('com.example.nobody', ['ü', 1n, new Uint8Array(1)]));
  assert.deepEqual(lines.map(([dir, code]) => [dir, code]), [['tx', 48], ['rx', 8]]);
  assert.deepEqual(lines[0].at(-1), ['ü', 1, new Uint8Array(1)]);
});

test('a realm that is not there is refused', async () => {
  const error = await rejection(connect(router.url, { realm: 'nowhere' }));
  assert.ok(WampError.is(error, 'wamp.error.no_such_realm'));
});

test('the router says goodbye', async () => {
  const mortal = await startRouter();
  const client = await connect(mortal.url, { realm: 'realm1' });
  const lost = new Promise((resolve) => client.addEventListener('sessionlost', ({ detail }) => resolve(detail.cause)));
  mortal.interrupt();
  assert.equal((await lost).uri, 'wamp.close.system_shutdown');
  assert.ok((await lost) instanceof ConnectionLostError);
  assert.equal(client.state, 'reconnecting');
  await client.close();
  await mortal.stop();
});
