// Sessions, as AutobahnJS documents them: the same tests for both.
import assert from 'node:assert/strict';
import { startScripted } from '../scripted.mjs';
import { both, captured, closed, gate, opened, oursOnly, rejection, settled, thrown } from './modules.mjs';

async function scripted(t, script) {
  const router = await startScripted(script);
  t.after(() => router.stop());
  return router;
}

/** Every way to ask a session for something. */
const REQUESTS = {
  call: (session) => session.call('com.test.any'),
  publish: (session) => session.publish('com.test.any'),
  subscribe: (session) => session.subscribe('com.test.any', () => {}),
  register: (session) => session.register('com.test.any', () => {}),
  leave: (session) => session.leave(),
};

both('without a session there is nothing to ask', async ({ connection }) => {
  const made = await connection();
  made.open();
  for (const [name, request] of Object.entries(REQUESTS)) {
    assert.equal(String(thrown(() => request(made.session))), 'session not open', name);
  }
});

both('after the end there is nothing to ask either', async ({ open }) => {
  const { connection, session } = await open();
  const subscription = await session.subscribe('com.test.end', () => {});
  const registration = await session.register('com.test.end', () => {});
  const over = closed(connection);
  connection.close();
  await over;
  for (const [name, request] of Object.entries(REQUESTS)) {
    assert.equal(String(thrown(() => request(session))), 'session not open', name);
  }
  assert.equal(String(thrown(() => session.unsubscribe(subscription))), 'session not open');
  assert.equal(String(thrown(() => session.unregister(registration))), 'session not open');
  assert.equal(subscription.active, false);
});

both('arguments of the wrong kind are refused with the same words', async ({ open }) => {
  const { session } = await open();
  const handler = () => {};
  const cases = [
    [() => session.call(1), 'Session.call: <procedure> must be a string'],
    [() => session.call('a', 'b'), 'Session.call: <args> must be an array []'],
    [() => session.call('a', [], []), 'Session.call: <kwargs> must be an object {}'],
    [() => session.call('a', [], {}, 'x'), 'Session.call: <options> must be an object {}'],
    [() => session.publish(null), 'Session.publish: <topic> must be a string'],
    [() => session.publish('a', { b: 1 }), 'Session.publish: <args> must be an array []'],
    [() => session.publish('a', [], 'x'), 'Session.publish: <kwargs> must be an object {}'],
    [() => session.publish('a', [], {}, [1]), 'Session.publish: <options> must be an object {}'],
    [() => session.subscribe(1, handler), 'Session.subscribe: <topic> must be a string'],
    [() => session.subscribe('a'), 'Session.subscribe: <handler> must be a function'],
    [() => session.subscribe('a', handler, 'prefix'), 'Session.subscribe: <options> must be an object {}'],
    [() => session.register(1, handler), 'Session.register: <procedure> must be a string'],
    [() => session.register('a', 'b'), 'Session.register: <endpoint> must be a function'],
    [() => session.register('a', handler, 1), 'Session.register: <options> must be an object {}'],
    [() => session.unsubscribe({}), 'Session.unsubscribe: <subscription> must be an instance of class autobahn.Subscription'],
    [() => session.unregister({}), 'Session.unregister: <registration> must be an instance of class autobahn.Registration'],
    [() => session.prefix(1), 'Session.prefix: <prefix> must be a string'],
    [() => session.prefix('a', 1), 'Session.prefix: <uri> must be a string or falsy'],
    [() => session.resolve(1), 'Session.resolve: <curie> must be a string'],
    [() => session.leave(1), 'Session.leave: <reason> must be a string'],
    [() => session.leave('a', 1), 'Session.leave: <message> must be a string'],
    [() => session.join(1), 'Session.join: <realm> must be a string'],
    [() => session.join('a', 'b'), 'Session.join: <authmethods> must be an array []'],
    [() => session.join('a', [], 1), 'Session.join: <authid> must be a string'],
  ];
  for (const [run, text] of cases) {
    const error = thrown(run);
    assert.ok(error instanceof globalThis.Error);
    assert.equal(error.message, text);
  }
  assert.equal(String(thrown(() => session.join('realm1'))), 'session already open');
});

both('a session says what it is', async ({ open, autobahn, connection }) => {
  const { session } = await open();
  assert.ok(session instanceof autobahn.Session);
  assert.deepEqual([session.caller_disclose_me, session.publisher_disclose_me], [false, false]);
  assert.deepEqual([session.subscriptions, session.registrations], [[], []]);
  assert.equal(typeof session.onjoin, 'function');
  assert.equal(typeof session.onleave, 'function');
  const made = await connection();
  assert.equal(typeof made.defer, 'function');
  assert.equal(typeof session.defer, 'function');
});

both('lists of subscriptions and registrations follow what happens', async ({ open }) => {
  const { session } = await open();
  const subscriptions = [];
  for (const topic of ['com.test.list.a', 'com.test.list.b', 'com.test.list.a']) subscriptions.push(await session.subscribe(topic, () => {}));
  const registrations = [];
  for (const procedure of ['com.test.list.a', 'com.test.list.b']) registrations.push(await session.register(procedure, () => {}));
  const byId = (list) => [...list].sort((a, b) => a.id - b.id);
  const [a, b, c] = subscriptions;
  assert.deepEqual([...session.subscriptions].sort((x, y) => x.length - y.length), [[b], [a, c]]);
  assert.deepEqual(byId(session.registrations), byId(registrations));
  await b.unsubscribe();
  await registrations[0].unregister();
  assert.deepEqual([session.subscriptions, session.registrations], [[[a, c]], [registrations[1]]]);
});

both('log prints who logs', async ({ open, t }) => {
  const { session } = await open();
  const [printed, restore] = captured(t, 'group', 'log', 'groupEnd');
  session.log('one', { two: 2 });
  restore();
  assert.match(printed[0][1], new RegExp(`^WAMP session ${session.id} on 'realm1' at [\\d.]+ ms$`));
  assert.deepEqual(printed.slice(1), [['log', 'one'], ['log', { two: 2 }], ['groupEnd']]);
});

both('leave ends the session, and the connection with it', async ({ connection, t }) => {
  const router = await scripted(t);
  const made = await connection({ url: router.url, max_retries: -1 });
  const { session } = await opened(made);
  const over = closed(made);
  session.leave('com.test.enough', 'bye');
  assert.deepEqual((await router.message(6)).slice(1), [{ message: 'bye' }, 'com.test.enough']);
  const { reason, details } = await over;
  assert.deepEqual([reason, details.reason, details.will_retry], ['closed', 'wamp.close.goodbye_and_out', false]);
});

oursOnly('an application that takes onleave over may join another realm with the same session', async ({ open, autobahn }) => {
  const { session } = await open();
  const left = gate();
  const { onleave } = session;
  session.onleave = (reason) => left.open(reason);
  session.leave();
  assert.equal(await left.promise, 'wamp.close.goodbye_and_out');
  assert.equal(session.isOpen, false);
  const joined = gate();
  session.onjoin = joined.open;
  session.join('realm1');
  assert.equal((await joined.promise).authrole, 'anonymous');
  assert.equal(session.isOpen, true);
  assert.equal((await rejection(session.call('com.test.nobody'))).error, 'wamp.error.no_such_procedure');
  assert.ok(session instanceof autobahn.Session);
  session.onleave = onleave;
});

both('what the router takes away is told, with its reason', async ({ connection, t }) => {
  const router = await scripted(t, (message, send) => {
    if (message[0] === 32) send(33, message[1], 7);
    if (message[0] === 64) send(65, message[1], 8);
  });
  const { session } = await opened(await connection({ url: router.url }));
  const subscription = await session.subscribe('com.test.revoked', () => {});
  const registration = await session.register('com.test.revoked', () => {});
  router.send(35, 0, { subscription: 7, reason: 'com.test.sorry' });
  router.send(67, 0, { registration: 8, reason: 'com.test.too' });
  assert.equal(await subscription.on_unsubscribe, 'com.test.sorry');
  assert.equal(await registration.on_unregister, 'com.test.too');
  assert.deepEqual([subscription.active, registration.active, session.subscriptions, session.registrations], [false, false, [], []]);
});

oursOnly('what the application ends, or the connection, is told, too', async ({ open }) => {
  const { connection, session } = await open();
  const subscription = await session.subscribe('com.test.told', () => {});
  const registration = await session.register('com.test.told', () => {});
  await subscription.unsubscribe();
  await registration.unregister();
  assert.deepEqual([await subscription.on_unsubscribe, await registration.on_unregister], [undefined, undefined]);
  const other = await session.subscribe('com.test.told', () => {});
  const over = closed(connection);
  connection.close();
  await over;
  assert.match(await other.on_unsubscribe, /^wamp\.close\./);
  assert.equal(other.active, false);
});

both('options go to the router as they are', async ({ connection, t }) => {
  const router = await scripted(t, (message, send) => {
    if (message[0] === 32) send(33, message[1], 7);
    if (message[0] === 64) send(65, message[1], 8);
    if (message[0] === 16) send(17, message[1], 9);
    if (message[0] === 48) send(50, message[1], {});
  });
  const { session } = await opened(await connection({ url: router.url }));
  const options = {
    48: { timeout: 30_000, receive_progress: true, disclose_me: true, x_own: { a: [1] }, rkey: 'k', runmode: 'partition' },
    16: {
      acknowledge: true, exclude: [1], exclude_authid: ['a'], exclude_authrole: ['b'], eligible: [2], eligible_authid: ['c'], eligible_authrole: ['d'],
      retain: true, disclose_me: false, exclude_me: false, x_own: 'x', rkey: 'k',
    },
    32: { match: 'prefix', get_retained: true, x_own: null, nkey: 'n' },
    64: { match: 'wildcard', invoke: 'roundrobin', disclose_caller: true, concurrency: 2, force_reregister: true, x_own: 1.5 },
  };
  await session.call('com.test.a', [], {}, options[48]);
  await session.publish('com.test.b', [], {}, options[16]);
  await session.subscribe('com.test.c', () => {}, options[32]);
  await session.register('com.test..d', () => {}, options[64]);
  for (const [code, sent] of Object.entries(options)) assert.deepEqual((await router.message(Number(code)))[2], sent, code);
  await session.subscribe('com.test.e', () => {}, undefined);
  await session.register('com.test.f', () => {}, null);
  assert.deepEqual([(await router.message(32, 2))[2], (await router.message(64, 2))[2]], [{}, {}]);
});

oursOnly('options of the application are not changed', async ({ open }) => {
  const { session } = await open();
  session.caller_disclose_me = session.publisher_disclose_me = true;
  const options = Object.freeze({ acknowledge: true });
  await session.publish('com.test.frozen', [], {}, options);
  await rejection(session.call('com.test.frozen', [], {}, options));
  assert.deepEqual(options, { acknowledge: true });
});

both('promises are made by the application, if it wants that', async ({ open }) => {
  let made = 0;
  const use_deferred = () => {
    made++;
    const deferred = { promise: null };
    deferred.promise = Object.assign(new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject })), { own: true });
    return deferred;
  };
  const { session, connection } = await open({ use_deferred });
  assert.equal(session.defer, use_deferred);
  assert.equal(connection.defer, use_deferred);
  const promises = [
    session.call('wamp.session.count'), session.subscribe('com.test.deferred', () => {}), session.register('com.test.deferred', () => {}),
    session.publish('com.test.deferred', [], {}, { acknowledge: true }),
  ];
  assert.deepEqual(promises.map(({ own }) => own), [true, true, true, true]);
  const [, subscription, registration] = await Promise.all(promises.map((promise) => promise.catch(() => {})));
  const ends = [subscription.unsubscribe(), registration.unregister()];
  assert.deepEqual(ends.map(({ own }) => own), [true, true]);
  await Promise.all(ends);
  assert.ok(made >= 6);
});

both('a deferred that is a promise itself will do', async ({ open }) => {
  // As those of jQuery: `promise` is a function.
  const use_deferred = () => {
    let settle;
    const deferred = new Promise((resolve, reject) => (settle = { resolve, reject }));
    return Object.assign(deferred, settle, { promise: () => deferred });
  };
  const { session } = await open({ use_deferred });
  await session.register('com.test.jquery', ([n]) => n);
  assert.equal(await session.call('com.test.jquery', [5]), 5);
});

both('native promises, if the application wants them', async ({ open }) => {
  const { session } = await open({ use_es6_promises: true });
  const call = session.call('wamp.session.count');
  assert.ok(call instanceof Promise);
  assert.equal(typeof call.cancel, 'function');
  assert.equal(typeof (await call.catch(() => 0)), 'number');
  const deferred = session.defer();
  deferred.resolve(1);
  assert.equal(await deferred.promise, 1);
});

oursOnly('rejections that nobody looks at are a warning, and the chain of promises keeps its progress', async ({ open, t }) => {
  const { session } = await open();
  const [printed, restore] = captured(t, 'warn');
  session.call('com.test.nobody');
  while (printed.length === 0) await new Promise((resolve) => setTimeout(resolve));
  restore();
  const [[, text, error]] = printed;
  assert.match(text, /unhandled rejection/);
  assert.equal(error.error, 'wamp.error.no_such_procedure');
  const { promise, notify, resolve } = session.defer();
  const seen = [];
  const chain = promise.then((value) => value + 1, undefined, (piece) => piece * 2).then((value) => value + 1).then(undefined, undefined, (piece) => seen.push(piece));
  notify(1);
  notify(2);
  resolve(1);
  assert.equal(await chain, 3);
  assert.deepEqual(seen, [2, 4]);
});

oursOnly('with AUTOBAHN_DEBUG every message is printed', async ({ open, t }) => {
  globalThis.AUTOBAHN_DEBUG = true;
  t.after(() => delete globalThis.AUTOBAHN_DEBUG);
  const [lines, restore] = captured(t, 'log');
  const { session } = await open();
  await session.publish('com.test.debug', [1], {}, { acknowledge: true });
  restore();
  const printed = lines.map(([, text]) => JSON.parse(text));
  assert.deepEqual(printed.map(([dir, , , message]) => [dir, message[0]]), [['TX', 1], ['RX', 2], ['TX', 16], ['RX', 17]]);
  assert.deepEqual(printed[2].slice(1, 3), ['realm1', session.id]);
});

both('requests keep their order', async ({ open }) => {
  const { session: alice } = await open();
  const { session: bob } = await open();
  const seen = [];
  await bob.subscribe('com.test.order', ([i]) => seen.push(i));
  await bob.register('com.test.order', () => seen.push('call'));
  for (let i = 0; i < 5; i++) alice.publish('com.test.order', [i]);
  await alice.publish('com.test.order', [5], {}, { acknowledge: true });
  await settled(bob);
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5]);
});

both('onopen may ask at once', async ({ connection }) => {
  const made = await connection();
  const got = gate();
  made.onopen = (session) => {
    session.register('com.test.at.once', () => 'yes');
    got.open(session.call('com.test.at.once'));
  };
  made.open();
  assert.equal(await got.promise, 'yes');
});
