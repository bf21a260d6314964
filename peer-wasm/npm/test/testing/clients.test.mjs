// The router in the page, through the client, in each serializer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CanceledError, Client, TimeoutError, WampError } from 'wamplex';
import { createRouter } from 'wamplex/testing';

const rejection = (promise) => promise.then((value) => assert.fail(`resolved to ${value}`), (error) => error);

/** Runs a test over each serializer, with a router of its own and two clients. */
function each(name, run, options = {}) {
  for (const serializer of ['json', 'msgpack', 'cbor']) {
    test(`${serializer}: ${name}`, async (t) => {
      const router = await createRouter(options);
      t.after(() => router.close());
      const open = (more = {}) => router.connect({ serializers: [serializer], ...more });
      await run({ router, alice: await open(), bob: await open(), open, serializer });
    });
  }
}

each('sessions are those of a router', async ({ router, alice, bob, serializer }) => {
  assert.equal(alice.session.serializer, serializer);
  assert.ok(alice.session.supports('broker', 'pattern_based_subscription'));
  assert.ok(alice.session.supports('dealer', 'progressive_call_results'));
  assert.match(alice.session.details.agent, /^wamplex-testing/);
  assert.deepEqual(router.sessions.map(({ id }) => id), [alice.session.id, bob.session.id]);
  assert.deepEqual(router.sessions[0], {
    id: alice.session.id, realm: 'realm1', authid: alice.session.authid, authrole: 'anonymous',
  });
  await bob.close();
  assert.deepEqual(router.sessions.map(({ id }) => id), [alice.session.id]);
});

each('events and calls carry every kind of value', async ({ alice, bob }) => {
  const values = [null, true, -1, 2 ** 53, 9007199254740993n, 0.5, 'wörter 漢字 😀', new Uint8Array([0, 255]), [[]], { a: { b: [1] } }];
  await alice.register('com.example.echo', (args, inv) => inv.result({ args, kwargs: inv.kwargs }));
  const { args, kwargs } = await bob.callRaw('com.example.echo', { args: values, kwargs: { values } });
  assert.deepEqual([args, kwargs], [values, { values }]);
  const arrived = new Promise((resolve) => void bob.subscribe('com.example.values', resolve).then(() => alice.publish('com.example.values', values)));
  const event = await arrived;
  assert.deepEqual([event.data, event.topic], [values, 'com.example.values']);
});

each('events and answers come in the order they were caused', async ({ router, alice, bob }) => {
  const heard = [];
  await bob.subscribe('com.example.topic', (event) => void heard.push(event.data));
  await alice.register('com.example.next', ([n]) => n);
  const answers = [];
  for (let n = 0; n < 200; n++) {
    void alice.publish('com.example.topic', n);
    void bob.call('com.example.next', [n]).then((answer) => answers.push(answer));
  }
  await router.settled();
  const expected = Array.from({ length: 200 }, (_, n) => n);
  assert.deepEqual(heard, expected);
  assert.deepEqual(answers, expected);
});

each('patterns, of topics and of procedures', async ({ router, alice, bob }) => {
  const heard = [];
  const hear = (name) => (event) => void heard.push(`${name} ${event.topic}`);
  await bob.subscribe('com.example.', hear('prefix'), { match: 'prefix' });
  await bob.subscribe('com..created', hear('wildcard'), { match: 'wildcard' });
  await alice.publish('com.example.created', 1);
  await alice.publish('com.other.created', 1);
  await alice.publish('org.example.created', 1, { acknowledge: true });
  await router.settled();
  assert.deepEqual(heard.sort(), ['prefix com.example.created', 'wildcard com.example.created', 'wildcard com.other.created']);
  await alice.register('com.example.', (_, inv) => inv.procedure, { match: 'prefix' });
  assert.equal(await bob.call('com.example.any'), 'com.example.any');
});

each('shared registrations take turns', async ({ alice, bob, open }) => {
  for (const client of [alice, bob]) await client.register('com.example.who', () => client.session.id, { invoke: 'roundrobin' });
  const caller = await open();
  const answers = [];
  for (let n = 0; n < 4; n++) answers.push(await caller.call('com.example.who'));
  assert.deepEqual(answers, [alice, bob, alice, bob].map((client) => client.session.id));
});

each('progressive results, and progressive input', async ({ alice, bob }) => {
  await alice.register('com.example.count', async function* ([n]) {
    for (let i = 1; i <= n; i++) yield i;
    return 'done';
  });
  const stream = bob.stream('com.example.count', [3]);
  const parts = [];
  for await (const part of stream) parts.push(part);
  assert.deepEqual([parts, await stream.result], [[1, 2, 3], 'done']);
  await alice.register('com.example.sum', async ([first], inv) => {
    let sum = first;
    for await (const { args } of inv.input) sum += args[0];
    return sum;
  });
  assert.equal(await bob.stream('com.example.sum', [1], { input: [[2], [3]] }).result, 6);
});

each('cancelling interrupts the callee', async ({ router, alice, bob }) => {
  let aborted;
  const begun = new Promise((resolve) => void alice.register('com.example.long', (_, inv) => {
    aborted = inv.signal;
    resolve();
    return new Promise(() => {});
  }).then(() => {
    const giveUp = new AbortController();
    void begun.then(() => giveUp.abort(new Error('enough')));
    bob.failed = rejection(bob.call('com.example.long', [], { signal: giveUp.signal }));
  }));
  await begun;
  assert.equal((await bob.failed).message, 'enough');
  await router.settled();
  assert.equal(aborted.aborted, true);
});

each('an ended callee ends its calls, and errors of applications pass', async ({ alice, bob }) => {
  await alice.register('com.example.fails', () => {
    throw new WampError('com.example.error.full', { args: ['no room'], kwargs: { left: 0 } });
  });
  const error = await rejection(bob.call('com.example.fails'));
  assert.deepEqual([error.uri, error.args, error.kwargs], ['com.example.error.full', ['no room'], { left: 0 }]);
  assert.equal((await rejection(bob.call('com.example.none'))).uri, 'wamp.error.no_such_procedure');
  await alice.register('com.example.long', () => new Promise(() => {}));
  const failing = rejection(bob.call('com.example.long'));
  await alice.close();
  assert.ok((await failing) instanceof CanceledError);
});

each('calls time out when the clock of the router says so', async ({ router, alice, bob }) => {
  await alice.register('com.example.long', () => new Promise(() => {}));
  // The raw option: the client itself does not watch this one.
  const failing = rejection(bob.call('com.example.long', [], { options: { timeout: 60_000 } }));
  let over = false;
  void failing.then(() => (over = true));
  await router.advance(59_000);
  assert.equal(over, false);
  await router.advance(1_001);
  const error = await failing;
  assert.ok(error instanceof TimeoutError, `${error}`);
});

each('retained events and history', async ({ router, alice, bob }) => {
  await alice.publish('com.example.state', 'on', { retain: true, acknowledge: true });
  const heard = [];
  const subscription = await bob.subscribe('com.example.state', (event) => void heard.push([event.data, event.retained]), { getRetained: true });
  await router.settled();
  assert.deepEqual(heard, [['on', true]]);
  const kept = await bob.call('wamp.subscription.get_events', [subscription.id], { kwargs: { limit: 10 } });
  assert.equal(kept.length, 1);
}, { realms: [{ name: 'realm1', history: [{ pattern: 'com.example.state' }] }] });

each('the meta API asks and watches', async ({ router, alice, bob, open }) => {
  const joined = [];
  await alice.subscribe('wamp.session.on_join', (event) => void joined.push(event.data.session));
  const carol = await open();
  assert.equal(await alice.call('wamp.session.count'), 3);
  await router.settled();
  assert.deepEqual(joined, [carol.session.id]);
  const error = await rejection(alice.call('wamp.session.kill', [bob.session.id]));
  assert.equal(error.uri, 'wamp.error.not_authorized');
});

each('a realm may let sessions be killed, and testaments speak for them', async ({ router, alice, bob }) => {
  const heard = [];
  await alice.subscribe('com.example.gone', (event) => void heard.push(event.data));
  await bob.call('wamp.session.add_testament', ['com.example.gone', ['bob is gone'], {}]);
  await alice.call('wamp.session.kill', [bob.session.id], { kwargs: { reason: 'com.example.enough' } });
  await router.settled();
  assert.deepEqual(heard, ['bob is gone']);
  assert.deepEqual(router.sessions.map(({ id }) => id), [alice.session.id]);
}, { realms: [{ name: 'realm1', metaApi: 'full' }] });

test('values pass between serializers', async (t) => {
  const router = await createRouter();
  t.after(() => router.close());
  const names = ['json', 'msgpack', 'cbor'];
  const clients = await Promise.all(names.map((name) => router.connect({ serializers: [name] })));
  const value = { text: 'ä', bytes: new Uint8Array([1, 2]), big: 2n ** 60n, list: [null, 1.5] };
  for (const [at, callee] of clients.entries()) await callee.register(`com.example.${names[at]}`, ([given]) => given);
  for (const caller of clients) {
    for (const name of names) assert.deepEqual(await caller.call(`com.example.${name}`, [value]), value);
  }
});

test('a hundred clients hear everything that any of them says', async (t) => {
  const router = await createRouter();
  t.after(() => router.close());
  const clients = await Promise.all(Array.from({ length: 100 }, () => router.connect()));
  assert.equal(new Set(clients.map((client) => client.session.id)).size, 100);
  let heard = 0;
  await Promise.all(clients.map((client) => client.subscribe('com.example.topic', () => void heard++)));
  await Promise.all(clients.map((client, n) => client.publish('com.example.topic', n, { excludeMe: false, acknowledge: true })));
  await router.settled();
  assert.equal(heard, 100 * 100);
});

test('realms do not hear each other, and there are no others', async (t) => {
  const router = await createRouter({ realms: ['realm1', 'realm2'] });
  t.after(() => router.close());
  const alice = await router.connect();
  const bob = await router.connect({ realm: 'realm2' });
  assert.deepEqual(router.sessions.map(({ realm }) => realm), ['realm1', 'realm2']);
  await alice.register('com.example.here', () => 1);
  assert.equal((await rejection(bob.call('com.example.here'))).uri, 'wamp.error.no_such_procedure');
  const error = await rejection(router.connect({ realm: 'realm3', reconnect: false }));
  assert.equal(error.uri, 'wamp.error.no_such_realm');
  assert.match(error.message, /realm3/);
});

test('a client that the application makes', async (t) => {
  const router = await createRouter();
  t.after(() => router.close());
  const client = new Client(router.url, { realm: 'realm1', webSocket: router.webSocket });
  void client.connect();
  await router.settled();
  assert.equal(client.state, 'open', 'connecting is nothing but messages');
  await client.register('com.example.p', () => 'yes');
  assert.equal(await (await router.connect()).call('com.example.p'), 'yes');
  await client.close();
});
