// Sessions come and go, the client stays: against a router that misbehaves on purpose.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthError, Client, ConnectionLostError, TimeoutError, WampError, auth, connect } from 'wamplex';
import { WebSocket } from 'ws';
import { startRouter } from './router.mjs';
import { OWN_HOST, rejection, scripted, startScripted, stillWorks } from './scripted.mjs';

/** No test waits for the clock. */
const AT_ONCE = { reconnect: { initialDelay: 0 } };
const SUBSCRIBES = (message, send) => {
  if (message[0] === 32) send(33, message[1], 5);
  if (message[0] === 64) send(65, message[1], 6);
};
const next = (client, type) => new Promise((resolve) => client.addEventListener(type, ({ detail }) => resolve(detail), { once: true }));

/** Loses the session; resolves when there is another one. */
async function lose(router, client, how = () => router.drop()) {
  const opened = next(client, 'open');
  how();
  await opened;
}

scripted('a lost session is told, and the next one, in order', undefined, async ({ router, client }) => {
  const seen = [];
  for (const type of ['statechange', 'sessionlost', 'reconnecting', 'close', 'open']) {
    client.addEventListener(type, ({ detail }) => seen.push([type, detail.state ?? detail.attempt ?? detail.id ?? detail.cause?.uri]));
  }
  await lose(router, client);
  assert.deepEqual(seen.slice(0, 5), [
    ['sessionlost', 'wamp.error.network_failure'], ['statechange', 'reconnecting'], ['reconnecting', 1], ['statechange', 'open'], ['open', 4711],
  ]);
  await stillWorks(router, client);
}, AT_ONCE);

test('a client that was too slow for the router comes back', async (t) => {
  const router = await startRouter('[limits]\noutbox_bytes = "64KiB"\nclose = "1m"\n[[realms]]\nname = "realm1"\n');
  t.after(() => router.stop());
  let socket;
  const webSocket = (url, protocols) => (socket = new WebSocket(url, protocols));
  const client = await connect(router.url, { realm: 'realm1', webSocket, heartbeat: false, reconnect: { initialDelay: 1 } });
  const other = await connect(router.url, { realm: 'realm1' });
  t.after(() => Promise.all([client.close(), other.close()]));
  await client.subscribe('com.example.much', () => {});
  socket.pause();
  while ((await other.call('wamp.session.count')) > 1) await other.publish('com.example.much', 'x'.repeat(50_000), { acknowledge: true });
  const lost = next(client, 'sessionlost');
  const outcome = Promise.race([next(client, 'open'), next(client, 'close')]);
  socket.resume();
  assert.equal((await lost).cause.uri, 'wamplex.error.slow_consumer');
  await outcome;
  assert.equal(client.state, 'open');
});

for (const reason of ['wamp.close.system_shutdown', 'wamp.close.close_realm', 'wamplex.error.slow_consumer', 'wamplex.close.expired', 'wamp.error.unavailable']) {
  scripted(`GOODBYE ${reason} is not the end`, undefined, async ({ router, client }) => {
    await lose(router, client, () => router.send(6, {}, reason));
    await stillWorks(router, client);
  }, AT_ONCE);
}

for (const reason of ['wamp.close.killed', 'wamp.error.not_authorized', 'wamp.error.authentication_failed', 'wamp.error.no_such_realm']) {
  scripted(`GOODBYE ${reason} is the end`, undefined, async ({ router, client }) => {
    const closed = next(client, 'close');
    router.send(6, {}, reason);
    assert.equal((await closed).cause.uri, reason);
    assert.equal(client.state, 'closed');
    assert.equal(router.received.filter((m) => m[0] === 1).length, 1);
  }, AT_ONCE);
  scripted(`unless the application has another opinion of ${reason}`, undefined, async ({ router, client }) => {
    await lose(router, client, () => router.send(6, {}, reason));
    await stillWorks(router, client);
  }, { reconnect: { retry: (cause) => cause.uri === reason && 0 } });
}

scripted('subscriptions are restored, with their options, and tell of the gap before any event', SUBSCRIBES, async ({ router, client }) => {
  const seen = [];
  const before = Date.now();
  const one = await client.subscribe('com.a', (e) => seen.push(e.data), { match: 'prefix', options: { x_own: 1 } });
  const two = await client.subscribe('com.a', () => {}, { match: 'prefix', getRetained: true });
  one.ongap = ({ lostAt, restoredAt }) => seen.push(['gap', before <= lostAt && lostAt <= restoredAt && restoredAt <= Date.now()]);
  const states = [];
  client.addEventListener('statechange', () => states.push([one.state, one.active, one.id, two.state]));
  await lose(router, client);
  assert.deepEqual(await router.message(32, 3), [32, 1, { match: 'prefix', x_own: 1, get_retained: true }, 'com.a']);
  router.send(36, 5, 1, {}, ['after']);
  await stillWorks(router, client);
  assert.deepEqual(seen, [['gap', true], 'after']);
  assert.deepEqual(states, [['restoring', false, undefined, 'restoring'], ['restoring', false, undefined, 'restoring']]);
  assert.deepEqual([one.state, one.active, one.id, two.id], ['active', true, 5, 5]);
  assert.equal(router.received.filter((m) => m[0] === 32).length, 3);
}, AT_ONCE);

scripted('iterators go on, and the option ongap tells', SUBSCRIBES, async ({ router, client }) => {
  const gaps = [];
  const events = client.events('t', { ongap: (gap) => gaps.push(gap) });
  const first = events.next();
  await router.message(32);
  await stillWorks(router, client);
  await lose(router, client);
  await router.message(32, 2);
  router.send(36, 5, 1, {}, ['one']);
  assert.equal((await first).value.data, 'one');
  assert.equal(gaps.length, 1);
  void events.return();
  await router.message(34);
}, AT_ONCE);

scripted('registrations are restored, with their options, and serve', SUBSCRIBES, async ({ router, client }) => {
  const registration = await client.register('com.p', ([n]) => n + 1, { match: 'prefix', invoke: 'roundrobin', concurrency: 3 });
  await lose(router, client);
  const [, , options, procedure] = await router.message(64, 2);
  assert.deepEqual([options, procedure], [{ match: 'prefix', invoke: 'roundrobin', concurrency: 3 }, 'com.p']);
  router.send(68, 1, 6, {}, [1]);
  assert.deepEqual(await router.message(70), [70, 1, {}, [2]]);
  assert.deepEqual([registration.id, registration.state], [6, 'active']);
}, AT_ONCE);

scripted('a procedure that the router still gives to the lost session is asked for again', undefined, async ({ router, client }) => {
  const registering = client.register('p', () => 'served');
  router.send(65, (await router.message(64))[1], 6);
  const registration = await registering;
  const failures = [];
  client.addEventListener('error', (event) => failures.push(event));
  await lose(router, client);
  router.send(8, 64, (await router.message(64, 2))[1], {}, 'wamp.error.procedure_already_exists');
  const again = await router.message(64, 3);
  assert.equal(registration.state, 'restoring');
  router.send(65, again[1], 7);
  router.send(68, 1, 7, {});
  assert.deepEqual(await router.message(70), [70, 1, {}, ['served']]);
  assert.deepEqual([registration.id, failures], [7, []]);
}, AT_ONCE);

scripted('what cannot be restored closes, is told, and is no unhandled rejection', (message, send) => {
  if (message[0] === 32) send(33, message[1], 5);
  if (message[0] === 64) send(65, message[1], 6);
}, async ({ router, client }) => {
  const subscription = await client.subscribe('t', () => {});
  const iterated = await client.subscribe('u');
  const registration = await client.register('p', () => {});
  const failures = [];
  client.addEventListener('error', (event) => {
    event.preventDefault();
    failures.push([event.detail.where, event.detail.error.uri]);
  });
  router.script = (message, send) => {
    if (message[0] === 32 || message[0] === 64) send(8, message[0], message[1], {}, 'wamp.error.not_authorized');
  };
  await lose(router, client);
  const reason = 'wamp.error.not_authorized';
  assert.deepEqual(await Promise.all([subscription.closed, iterated.closed, registration.closed]), [{ reason }, { reason }, { reason }]);
  assert.equal((await rejection(iterated[Symbol.asyncIterator]().next())).uri, reason);
  assert.deepEqual(failures, [['resubscribe', reason], ['resubscribe', reason], ['reregister', reason]]);
  assert.equal(client.state, 'open');
}, AT_ONCE);

scripted('what is given up while the session is lost does not come back', SUBSCRIBES, async ({ router, client }) => {
  const subscription = await client.subscribe('t', () => {});
  const registration = await client.register('p', () => {});
  client.addEventListener('sessionlost', () => {
    void subscription.unsubscribe();
    void registration.unregister();
  });
  await lose(router, client);
  await stillWorks(router, client);
  assert.deepEqual(router.received.filter((m) => m[0] === 32 || m[0] === 64).length, 2);
}, AT_ONCE);

scripted('what is given up while it is being restored is given up at the router', undefined, async ({ router, client }) => {
  const opening = [client.subscribe('t', () => {}), client.register('p', () => {})];
  router.send(33, (await router.message(32))[1], 5);
  router.send(65, (await router.message(64))[1], 6);
  const [subscription, registration] = await Promise.all(opening);
  await lose(router, client);
  const [again, anew] = [await router.message(32, 2), await router.message(64, 2)];
  await Promise.all([subscription.unsubscribe(), registration.unregister()]);
  router.send(33, again[1], 7);
  router.send(65, anew[1], 8);
  assert.equal((await router.message(34))[2], 7);
  assert.equal((await router.message(66))[2], 8);
}, AT_ONCE);

scripted('a subscription that was on its way is asked for again; so is a registration', undefined, async ({ router, client }) => {
  const seen = [];
  const opening = [client.subscribe('t', (e) => seen.push(e.data)), client.register('p', () => 'served')];
  await router.message(64);
  await lose(router, client);
  router.send(33, (await router.message(32, 2))[1], 5);
  router.send(65, (await router.message(64, 2))[1], 6);
  await Promise.all(opening);
  router.send(36, 5, 1, {}, ['here']);
  await stillWorks(router, client);
  assert.deepEqual(seen, ['here']);
}, AT_ONCE);

scripted('calls and publications wait for the next session, in order, after what is restored', SUBSCRIBES, async ({ router, client }) => {
  await client.subscribe('t', () => {});
  const calls = [];
  client.addEventListener('sessionlost', () => {
    calls.push(client.call('a'), client.publish('b'), client.call('c'), client.publish('d', 1, { acknowledge: true }));
  }, { once: true });
  await lose(router, client);
  await router.message(16, 2);
  assert.deepEqual(router.received.filter((m) => m[0] !== 1).map((m) => m[3]), ['t', 't', 'a', 'b', 'c', 'd']);
  router.send(50, 2, {}, ['A']);
  router.send(50, 4, {}, ['C']);
  router.send(17, 5, 99);
  assert.deepEqual(await Promise.all(calls), ['A', undefined, 'C', { publication: 99 }]);
}, AT_ONCE);

scripted('what was sent is not sent again, unless it may be', undefined, async ({ router, client }) => {
  const once = rejection(client.call('once'));
  const twice = client.call('twice', [], { idempotent: true });
  await router.message(48, 2);
  await lose(router, client);
  const error = await once;
  assert.ok(error instanceof ConnectionLostError);
  assert.equal(error.maybeSent, true);
  const again = await router.message(48, 3);
  assert.equal(again[3], 'twice');
  router.send(50, again[1], {}, ['done']);
  assert.equal(await twice, 'done');
}, AT_ONCE);

scripted('the timeout of a call goes on while it waits and when it is repeated', undefined, async ({ router, client }) => {
  const repeated = rejection(client.call('slow', [], { idempotent: true, timeout: 60_000 }));
  const [, , { timeout }] = await router.message(48);
  // However long it takes until there is a session again.
  const brief = rejection(client.call('slow', [], { idempotent: true, timeout: 50 }));
  await router.message(48, 2);
  await lose(router, client);
  const again = await router.message(48, 3);
  assert.ok(60_000 >= timeout && timeout >= again[2].timeout && again[2].timeout > 0);
  assert.ok((await brief) instanceof TimeoutError);
  router.send(8, 48, again[1], {}, 'com.example.enough');
  assert.ok(WampError.is(await repeated, 'com.example.enough'));
}, AT_ONCE);

scripted('requests while there is no session: throw', undefined, async ({ router, client }) => {
  const failures = [];
  client.addEventListener('sessionlost', () => failures.push(rejection(client.call('a')), rejection(client.publish('b'))));
  await lose(router, client);
  for (const error of await Promise.all(failures)) {
    assert.ok(error instanceof ConnectionLostError);
    assert.equal(error.maybeSent, false);
  }
  await stillWorks(router, client);
}, { ...AT_ONCE, whenDisconnected: { call: 'throw', publish: 'throw' } });

scripted('requests while there is no session: drop', undefined, async ({ router, client }) => {
  const published = [];
  client.addEventListener('sessionlost', () => published.push(client.publish('b'), rejection(client.publish('c', 1, { acknowledge: true }))));
  await lose(router, client);
  assert.equal(await published[0], undefined);
  assert.ok((await published[1]) instanceof ConnectionLostError);
  await stillWorks(router, client);
  assert.deepEqual(router.received.filter((m) => m[0] === 16), []);
}, { ...AT_ONCE, whenDisconnected: { publish: 'drop' } });

scripted('the queue of waiting requests is bounded', undefined, async ({ router, client }) => {
  const requests = [];
  client.addEventListener('sessionlost', () => {
    for (let i = 0; i < 4; i++) requests.push(client.publish('t', i).then(() => 'sent', (error) => error));
  });
  await lose(router, client);
  const [first, second, third, fourth] = await Promise.all(requests);
  assert.deepEqual([first, second], ['sent', 'sent']);
  for (const error of [third, fourth]) assert.match(error.message, /2 requests wait for a session already/);
}, { ...AT_ONCE, whenDisconnected: { queueLimit: 2 } });

scripted('a waiting request can be given up', undefined, async ({ router, client }) => {
  const controller = new AbortController();
  let waiting;
  client.addEventListener('sessionlost', () => {
    waiting = rejection(client.call('a', [], { signal: controller.signal }));
    controller.abort('never mind');
  });
  await lose(router, client);
  assert.equal(await waiting, 'never mind');
  await stillWorks(router, client);
  assert.deepEqual(router.received.filter((m) => m[0] === 48).map((m) => m[3]), ['alive']);
}, AT_ONCE);

scripted('close() wins: during the pause, in a listener, and while an attempt is made', undefined, async ({ router, client }) => {
  const waiting = [];
  client.addEventListener('sessionlost', () => waiting.push(rejection(client.call('a'))));
  const pausing = next(client, 'reconnecting');
  router.drop();
  assert.ok((await pausing).delay > 1e6);
  await client.close();
  assert.equal(client.state, 'closed');
  assert.ok((await waiting[0]) instanceof ConnectionLostError);
  await client.connect();
  client.addEventListener('sessionlost', () => void client.close(), { once: true });
  const closed = next(client, 'close');
  router.drop();
  await closed;
  assert.equal(client.state, 'closed');
  assert.equal(router.received.filter((m) => m[0] === 1).length, 2);
}, { reconnect: { initialDelay: 2e6, maxDelay: 2e6, jitter: 'none' } });

scripted('connect() during the pause tries at once', undefined, async ({ router, client }) => {
  const pausing = next(client, 'reconnecting');
  router.drop();
  await pausing;
  assert.equal(client.state, 'reconnecting');
  assert.equal((await client.connect()).id, 4711);
}, { reconnect: { initialDelay: 2e6, maxDelay: 2e6, jitter: 'none' } });

test('delays grow to the longest one, and the number of attempts may be limited', async () => {
  const delays = [];
  const client = new Client('ws://127.0.0.1:1/', {
    realm: 'realm1', reconnect: { initialDelay: 1, factor: 3, maxDelay: 5, jitter: 'none', maxAttempts: 4 },
  });
  client.addEventListener('reconnecting', ({ detail }) => delays.push([detail.attempt, detail.delay, client.state]));
  const error = await rejection(client.ready());
  assert.match(error.message, /cannot connect to ws:\/\/127\.0\.0\.1:1\//);
  assert.deepEqual(delays, [[1, 1, 'reconnecting'], [2, 3, 'reconnecting'], [3, 5, 'reconnecting'], [4, 5, 'reconnecting']]);
  assert.equal(client.state, 'closed');
});

test('full jitter draws from all of the delay, so that clients do not come back together', async () => {
  const delays = [];
  await rejection(new Client('ws://127.0.0.1:1/', {
    realm: 'realm1',
    reconnect: { initialDelay: 1000, retry: (_, attempt) => attempt < 30 && 0 },
  }).ready());
  for (let i = 0; i < 20; i++) {
    const client = new Client('ws://127.0.0.1:1/', { realm: 'realm1', reconnect: { initialDelay: 1000 } });
    void client.connect().catch(() => {});
    delays.push((await next(client, 'reconnecting')).delay);
    await client.close();
  }
  assert.ok(delays.every((delay) => delay >= 0 && delay < 1000));
  assert.ok(Math.max(...delays) - Math.min(...delays) > 200, String(delays));
});

test('a router that is not there yet is waited for, from the start', async (t) => {
  const later = await startScripted(undefined, 0, OWN_HOST);
  const { port } = new URL(later.url);
  await later.stop();
  const connecting = connect(later.url, { realm: 'realm1', serializers: ['json'], reconnect: { initialDelay: 20 } });
  const router = await startScripted(undefined, Number(port), OWN_HOST);
  t.after(() => router.stop());
  const client = await connecting;
  assert.equal(client.state, 'open');
  await client.close();
});

test('connect() says in the end why there is no session', async () => {
  const error = await rejection(connect('ws://127.0.0.1:1/', { realm: 'realm1', connectTimeout: 2000, reconnect: { initialDelay: 500 } }));
  assert.ok(error instanceof ConnectionLostError);
  assert.match(error.message, /cannot connect to ws:\/\/127\.0\.0\.1:1\//);
});

test('credentials are asked for again, and not having them is no reason to give up once there was a session', async (t) => {
  const router = await startScripted((message, send) => {
    if (message[0] === 1) send(4, 'ticket', {});
    if (message[0] === 5) send(2, 1, { roles: { broker: {} } });
    return message[0] !== 6;
  });
  t.after(() => router.stop());
  let asked = 0;
  const ticket = async () => {
    if (++asked === 2) throw new TypeError('fetch failed');
    return `ticket ${asked}`;
  };
  const client = await connect(router.url, { realm: 'realm1', serializers: ['json'], auth: auth.ticket({ authid: 'joe', ticket }), ...AT_ONCE });
  t.after(() => client.close());
  await lose(router, client);
  assert.deepEqual(router.received.filter((m) => m[0] === 5).map((m) => m[1]), ['ticket 1', 'ticket 3']);
});

test('a refusal after a session was lost is the end', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  const client = await connect(router.url, { realm: 'realm1', serializers: ['json'], ...AT_ONCE });
  router.script = (message, send) => {
    if (message[0] === 1) send(3, {}, 'wamp.error.authentication_failed');
    return true;
  };
  const closed = next(client, 'close');
  router.drop();
  assert.ok((await closed).cause instanceof AuthError);
  const after = await rejection(client.call('a'));
  assert.ok(WampError.is(after, 'wamp.error.network_failure'));
  assert.match(after.message, /the client is closed: wamp\.error\.authentication_failed/);
});

scripted('a silent router is asked, and left when it does not answer', (message) => message[0] === 48, async ({ router, client }) => {
  const cause = next(client, 'sessionlost');
  assert.equal((await router.message(48))[3], 'wamp.session.count');
  assert.match((await cause).cause.message, /the router was silent for 20 ms/);
  await next(client, 'open');
}, { ...AT_ONCE, heartbeat: { interval: 10, timeout: 20 } });

test('an answer that has arrived counts, however busy this side was when it came', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const client = await connect(router.url, { realm: 'realm1', serializers: ['json'], heartbeat: { interval: 10, timeout: 100 } });
  t.mock.timers.tick(10);
  const asked = await router.message(48);
  // Nothing is read while the time goes by all at once: that is what a program looks like that was busy.
  t.mock.timers.tick(100);
  assert.equal(client.state, 'open');
  router.send(50, asked[1], {}, [1]);
  await stillWorks(router, client);
  t.mock.timers.tick(50);
  assert.equal(client.state, 'open');
  t.mock.timers.reset();
  await client.close();
});

scripted('an error is a sign of life, too', (message, send) => {
  if (message[0] === 48) send(8, 48, message[1], {}, 'wamp.error.no_such_procedure');
}, async ({ router, client }) => {
  await router.message(48, 3);
  assert.equal(client.state, 'open');
}, { heartbeat: { interval: 5, timeout: 60_000 } });

scripted('draining finishes what has begun and takes nothing new', (message, send) => {
  if (message[0] === 32) send(33, message[1], 5);
  if (message[0] === 64) send(65, message[1], 6);
  if (message[0] === 34) send(35, message[1]);
  if (message[0] === 66) send(67, message[1]);
}, async ({ router, client }) => {
  const seen = [];
  let finish;
  const work = new Promise((resolve) => (finish = resolve));
  await client.subscribe('t', async (e) => {
    await work;
    seen.push(e.data);
  });
  await client.register('p', async () => {
    await work;
    return client.call('inner');
  });
  router.send(36, 5, 1, {}, [1]);
  router.send(36, 5, 2, {}, [2]);
  router.send(68, 1, 6, {});
  await stillWorks(router, client);
  const calling = client.call('pending');
  const pending = await router.message(48, 2);
  const closing = client.close({ drain: true });
  await Promise.all([router.message(34), router.message(66)]);
  finish();
  const inner = await router.message(48, 3);
  router.send(50, inner[1], {}, ['from inside']);
  assert.deepEqual(await router.message(70), [70, 1, {}, ['from inside']]);
  assert.deepEqual(router.received.filter((m) => m[0] === 6), []);
  router.send(50, pending[1], {}, ['answered']);
  assert.equal(await calling, 'answered');
  await closing;
  assert.deepEqual(seen, [1, 2]);
  assert.equal(router.received.at(-1)[0], 6);
});

scripted('draining has a limit', SUBSCRIBES, async ({ router, client }) => {
  const calling = rejection(client.call('never'));
  await router.message(48);
  await client.close({ drain: 10 });
  assert.ok((await calling) instanceof ConnectionLostError);
  assert.equal(client.state, 'closed');
});
