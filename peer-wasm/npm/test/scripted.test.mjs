// The ten rules of the client, against a router that misbehaves on purpose.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AuthError, CanceledError, Client, ConnectionLostError, TimeoutError, WampError, auth, connect,
} from 'wamplex';
import { startScripted } from './scripted.mjs';

/** Runs a test with a scripted router and an open client. */
function scripted(name, script, run, options = {}) {
  test(name, async (t) => {
    const router = await startScripted(script);
    t.after(() => router.stop());
    const client = await connect(router.url, { realm: 'realm1', serializers: ['json'], ...options });
    t.after(() => client.close());
    await run({ router, client });
  });
}

const rejection = (promise) => promise.then((value) => assert.fail(`resolved to ${value}`), (error) => error);

// ---- every promise settles ---------------------------------------------------------

scripted('all that waits is rejected when the connection breaks', undefined, async ({ router, client }) => {
  const signal = new AbortController().signal;
  const requests = [
    client.call('a'), client.callRaw('b'), client.stream('c').result, client.publish('d', 1, { acknowledge: true }),
    client.subscribe('e', () => {}), client.register('f', () => {}), client.call('g', [], { signal, timeout: 60_000 }),
    client.events('h').next(), client.stream('i')[Symbol.asyncIterator]().next(), client.stream('j').readable.getReader().read(),
  ];
  const failures = Promise.all(requests.map(rejection));
  await router.message(48, 6);
  await router.message(32, 2);
  router.drop();
  for (const error of await failures) {
    assert.ok(error instanceof ConnectionLostError, String(error));
    assert.equal(error.maybeSent, true);
  }
});

scripted('what was never sent is safe to repeat', undefined, async ({ router, client }) => {
  router.drop();
  await new Promise((resolve) => client.addEventListener('close', resolve));
  for (const promise of [client.call('a'), client.publish('b'), client.subscribe('c'), client.register('d', () => {}), client.ready()]) {
    const error = await rejection(promise);
    assert.ok(error instanceof ConnectionLostError);
    assert.equal(error.maybeSent, false);
  }
  assert.equal(client.state, 'closed');
  assert.equal(client.session, null);
});

scripted('a lost session is told by events in order', undefined, async ({ router, client }) => {
  const seen = [];
  for (const type of ['statechange', 'sessionlost', 'close', 'open']) client.addEventListener(type, (e) => seen.push([type, e.detail.state ?? e.detail.cause?.uri]));
  router.send(6, {}, 'wamp.close.system_shutdown');
  await new Promise((resolve) => client.addEventListener('close', resolve));
  assert.deepEqual(seen, [['sessionlost', 'wamp.close.system_shutdown'], ['statechange', 'closed'], ['close', 'wamp.close.system_shutdown']]);
  assert.deepEqual((await router.message(6))[2], 'wamp.close.goodbye_and_out');
});

scripted('a router may abort at any time, with arguments, and is not answered', undefined, async ({ router, client }) => {
  const failure = rejection(client.call('a'));
  await router.message(48);
  const closed = new Promise((resolve) => client.addEventListener('close', resolve));
  router.send(3, { message: 'in words' }, 'com.example.kicked', ['why'], { how: 1 });
  assert.equal((await failure).uri, 'com.example.kicked');
  await closed;
  assert.deepEqual(router.received.map((m) => m[0]), [1, 48]);
});

scripted('two goodbyes that cross answer each other', (message, send) => {
  if (message[0] === 6) send(6, {}, 'wamp.close.system_shutdown');
  return message[0] === 6;
}, async ({ router, client }) => {
  await client.close();
  assert.deepEqual(router.received.map((m) => m[0]), [1, 6]);
});

scripted('after GOODBYE everything is ignored but its answer', (message, send) => {
  if (message[0] !== 6) return false;
  send(36, 5, 1, {}, ['late']);
  send(68, 1, 6, {}, ['late']);
  send(2, 1, { roles: { broker: {} } });
  send(69, 1, {});
  send(6, {}, 'wamp.close.goodbye_and_out');
  return true;
}, async ({ router, client }) => {
  const seen = [];
  const subscribing = client.subscribe('t', (e) => seen.push(e.data));
  const registering = client.register('p', ([data]) => seen.push(data));
  router.send(33, (await router.message(32))[1], 5);
  router.send(65, (await router.message(64))[1], 6);
  await Promise.all([subscribing, registering]);
  await client.close();
  assert.deepEqual(seen, []);
  assert.deepEqual(router.received.map((m) => m[0]), [1, 32, 64, 6]);
});

scripted('subscriptions, registrations and invocations end with the session', undefined, async ({ router, client }) => {
  const subscribing = client.subscribe('t', () => {});
  const registering = client.register('p', (_, inv) => new Promise((_, reject) => inv.signal.addEventListener('abort', () => { interrupted(inv.signal.reason); reject(inv.signal.reason); })));
  let interrupted;
  const interruption = new Promise((resolve) => (interrupted = resolve));
  router.send(33, (await router.message(32))[1], 5);
  router.send(65, (await router.message(64))[1], 6);
  const [subscription, registration] = await Promise.all([subscribing, registering]);
  const iterated = client.subscribe('u');
  router.send(33, (await router.message(32, 2))[1], 7);
  const next = rejection((await iterated)[Symbol.asyncIterator]().next());
  router.send(68, 1, 6, {});
  router.drop();
  assert.ok((await interruption) instanceof ConnectionLostError);
  assert.deepEqual(await subscription.closed, { reason: 'wamp.error.network_failure' });
  assert.deepEqual(await registration.closed, { reason: 'wamp.error.network_failure' });
  assert.ok((await next) instanceof ConnectionLostError);
  assert.deepEqual([subscription.active, registration.active, subscription.id, registration.id], [false, false, undefined, undefined]);
  await subscription.unsubscribe();
  await registration.unregister();
});

// ---- limits, aborts, late answers ------------------------------------------------------

scripted('a timeout is sent, enforced here, and cancels; the late answer is swallowed', undefined, async ({ router, client }) => {
  const error = await rejection(client.call('slow', [1], { timeout: 20 }));
  assert.ok(error instanceof TimeoutError);
  assert.equal(error.uri, 'wamp.error.timeout');
  const call = await router.message(48);
  assert.equal(call[2].timeout, 20);
  assert.deepEqual(await router.message(49), [49, call[1], { mode: 'killnowait' }]);
  router.send(8, 48, call[1], {}, 'wamp.error.canceled');
  router.send(50, call[1], {}, ['late']);
  await stillWorks(router, client);
});

scripted('abort cancels with the chosen mode and rejects with the reason of the signal', undefined, async ({ router, client }) => {
  const controller = new AbortController();
  const reason = new Error('no longer wanted');
  const failure = rejection(client.call('slow', [], { signal: controller.signal, cancelMode: 'kill' }));
  const call = await router.message(48);
  controller.abort(reason);
  assert.equal(await failure, reason);
  assert.deepEqual(await router.message(49), [49, call[1], { mode: 'kill' }]);
  router.send(50, call[1], {}, ['late']);
  await stillWorks(router, client);
});

scripted('a signal that is aborted already sends nothing', undefined, async ({ router, client }) => {
  const signal = AbortSignal.abort('never');
  for (const promise of [client.call('a', [], { signal }), client.subscribe('b', { signal }), client.register('c', () => {}, { signal }), client.publish('d', 1, { signal })]) {
    assert.equal(await rejection(promise), 'never');
  }
  await stillWorks(router, client);
  assert.deepEqual(router.received.map((m) => m[0]), [1, 48]);
});

scripted('aborting while the router thinks gives the subscription back', undefined, async ({ router, client }) => {
  const controller = new AbortController();
  const failures = [client.subscribe('t', () => {}, { signal: controller.signal }), client.register('p', () => {}, { signal: controller.signal })].map(rejection);
  const [subscribe, register] = [await router.message(32), await router.message(64)];
  controller.abort('changed my mind');
  assert.deepEqual(await Promise.all(failures), ['changed my mind', 'changed my mind']);
  router.send(33, subscribe[1], 5);
  router.send(65, register[1], 6);
  assert.equal((await router.message(34))[2], 5);
  assert.equal((await router.message(66))[2], 6);
});

scripted('late and unknown ids are ignored', undefined, async ({ router, client }) => {
  router.send(36, 999, 1, {}, ['event of no subscription']);
  router.send(50, 999, {}, ['result of no call']);
  router.send(8, 48, 999, {}, 'wamp.error.canceled');
  router.send(8, 68, 999, {}, 'wamp.error.feature_not_supported');
  router.send(33, 999, 1);
  router.send(69, 999, { mode: 'kill' });
  router.send(35, 0, { subscription: 999 });
  router.send(67, 0, { registration: 999 });
  router.send(35, 0);
  router.send(67, 0);
  await stillWorks(router, client);
});

scripted('an invocation of no registration is answered, since its caller waits', undefined, async ({ router, client }) => {
  router.send(68, 1, 999, {});
  assert.equal((await router.message(8))[4], 'wamp.error.no_such_registration');
  await stillWorks(router, client);
});

for (const [name, data] of [['no JSON', '{'], ['no message', '{}'], ['an unknown code', '[99]'], ['a wrong type', '[36,"x",1,{}]'], ['binary', Buffer.from([0x90])], ['a second WELCOME', '[2,1,{"roles":{"broker":{}}}]'], ['a CHALLENGE', '[4,"ticket",{}]'], ['what only clients send', '[48,1,{},"p"]'], ['an ERROR for what cannot fail', '[8,50,1,{},"a.b"]'], ['an ERROR without details', '[8,48,1,"a.b"]'], ['details that are too deep', `[36,5,1,{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}]`]]) {
  scripted(`malformed frames end the session: ${name}`, undefined, async ({ router, client }) => {
    const failure = rejection(client.call('a'));
    await router.message(48);
    router.sendRaw(data);
    const error = await failure;
    assert.ok(error instanceof ConnectionLostError, String(error));
    assert.equal(error.uri, 'wamp.error.protocol_violation');
    assert.equal((await router.message(3))[2], 'wamp.error.protocol_violation');
    assert.equal(client.state, 'closed');
  });
}

// ---- subscriptions ------------------------------------------------------------------------

scripted('handlers share one subscription of the router, which ends with the last of them', undefined, async ({ router, client }) => {
  const seen = [];
  const first = client.subscribe('t', (e) => seen.push(['first', e.data]));
  router.send(33, (await router.message(32))[1], 5);
  const one = await first;
  const two = await client.subscribe('t', (e) => seen.push(['second', e.data]));
  assert.equal(router.received.filter((m) => m[0] === 32).length, 1);
  assert.deepEqual([one.id, two.id], [5, 5]);
  await one.unsubscribe();
  router.send(36, 5, 1, {}, ['x']);
  await stillWorks(router, client);
  assert.deepEqual(seen, [['second', 'x']]);
  assert.equal(router.received.filter((m) => m[0] === 34).length, 0);
  const leaving = two.unsubscribe();
  const unsubscribe = await router.message(34);
  // An event that crosses UNSUBSCRIBE on the way.
  router.send(36, 5, 2, {}, ['late']);
  router.send(35, unsubscribe[1]);
  await leaving;
  assert.deepEqual(seen, [['second', 'x']]);
});

scripted('a subscription that is being asked for keeps the one of the router alive', undefined, async ({ router, client }) => {
  const first = client.subscribe('t', () => {});
  router.send(33, (await router.message(32))[1], 5);
  const one = await first;
  const seen = [];
  const second = client.subscribe('t', (e) => seen.push(e.data), { getRetained: true });
  const again = await router.message(32, 2);
  await one.unsubscribe();
  router.send(33, again[1], 5);
  const two = await second;
  router.send(36, 5, 1, {}, ['still here']);
  await stillWorks(router, client);
  assert.deepEqual(seen, ['still here']);
  assert.equal(router.received.filter((m) => m[0] === 34).length, 0);
  assert.equal(two.active, true);
});

scripted('a subscription that was kept only for one that is refused is given up', undefined, async ({ router, client }) => {
  const first = client.subscribe('t', () => {});
  router.send(33, (await router.message(32))[1], 5);
  const one = await first;
  const second = rejection(client.subscribe('t', () => {}, { getRetained: true }));
  const again = await router.message(32, 2);
  await one.unsubscribe();
  assert.equal(router.received.filter((m) => m[0] === 34).length, 0);
  router.send(8, 32, again[1], {}, 'wamp.error.not_authorized');
  assert.ok(WampError.is(await second, 'wamp.error.not_authorized'));
  assert.equal((await router.message(34))[2], 5);
});

scripted('what is taken away while it is given up is gone, and that is all', (message, send) => {
  if (message[0] === 32) send(33, message[1], 5);
  if (message[0] === 64) send(65, message[1], 6);
  if (message[0] === 34) {
    send(35, 0, { subscription: 5 });
    send(8, 34, message[1], {}, 'wamp.error.no_such_subscription');
  }
  if (message[0] === 66) {
    send(67, 0, { registration: 6 });
    send(8, 66, message[1], {}, 'wamp.error.no_such_registration');
  }
}, async ({ client }) => {
  const [subscription, registration] = await Promise.all([client.subscribe('t', () => {}), client.register('p', () => {})]);
  await Promise.all([subscription.unsubscribe(), registration.unregister()]);
  assert.equal(client.state, 'open');
});

scripted('an event in the same breath as SUBSCRIBED is delivered', (message, send, socket) => {
  if (message[0] !== 32) return;
  // One write, so that both arrive in one turn of the event loop.
  socket._socket.cork();
  send(33, message[1], 5);
  send(36, 5, 1, {}, ['first']);
  socket._socket.uncork();
}, async ({ client }) => {
  const data = await new Promise((resolve) => client.subscribe('t', (e) => resolve(e.data)));
  assert.equal(data, 'first');
});

scripted('an invocation in the same breath as REGISTERED is served', (message, send, socket) => {
  if (message[0] !== 64) return;
  socket._socket.cork();
  send(65, message[1], 6);
  send(68, 1, 6, {}, [1]);
  socket._socket.uncork();
}, async ({ router, client }) => {
  await client.register('p', ([n]) => n + 1);
  assert.deepEqual(await router.message(70), [70, 1, {}, [2]]);
});

scripted('retained events reach only those who asked', undefined, async ({ router, client }) => {
  const seen = [];
  const first = client.subscribe('t', () => seen.push('first'));
  router.send(33, (await router.message(32))[1], 5);
  await first;
  const second = client.subscribe('t', (e) => seen.push(['second', e.retained]), { getRetained: true });
  router.send(33, (await router.message(32, 2))[1], 5);
  router.send(36, 5, 1, { retained: true }, ['old']);
  await second;
  await stillWorks(router, client);
  assert.deepEqual(seen, [['second', true]]);
});

scripted('the router may take subscriptions and registrations away', undefined, async ({ router, client }) => {
  const subscribing = client.subscribe('t');
  const registering = client.register('p', () => {});
  router.send(33, (await router.message(32))[1], 5);
  router.send(65, (await router.message(64))[1], 6);
  const [subscription, registration] = await Promise.all([subscribing, registering]);
  router.send(35, 0, { subscription: 5, reason: 'com.example.enough' });
  router.send(67, 0, { registration: 6 });
  assert.deepEqual(await subscription.closed, { reason: 'com.example.enough' });
  assert.deepEqual(await registration.closed, { reason: 'wamp.close.revoked' });
  assert.deepEqual(await subscription[Symbol.asyncIterator]().next(), { done: true, value: undefined });
  await subscription.unsubscribe();
  await registration.unregister();
  await stillWorks(router, client);
  assert.deepEqual(router.received.filter((m) => m[0] === 34 || m[0] === 66), []);
});

scripted('events are delivered one after another, and what overflows is dropped and told', undefined, async ({ router, client }) => {
  const seen = [];
  const slow = [];
  let release;
  client.addEventListener('slowconsumer', ({ detail }) => slow.push(detail));
  const subscribing = client.subscribe('t', async (e) => {
    seen.push(`${e.data} begins`);
    if (e.data === 0) await new Promise((resolve) => (release = resolve));
    seen.push(`${e.data} ends`);
  }, { buffer: { max: 2, overflow: 'drop-oldest' } });
  router.send(33, (await router.message(32))[1], 5);
  const subscription = await subscribing;
  for (let i = 0; i < 6; i++) router.send(36, 5, i + 1, {}, [i]);
  await stillWorks(router, client);
  assert.deepEqual(seen, ['0 begins']);
  assert.equal(subscription.dropped, 3);
  assert.deepEqual(slow, [{ topic: 't', buffered: 2, dropped: 1 }]);
  release();
  await new Promise(setImmediate);
  assert.deepEqual(seen, ['0 begins', '0 ends', '4 begins', '4 ends', '5 begins', '5 ends']);
});

scripted('the other overflow policies', undefined, async ({ router, client }) => {
  const subscribing = [client.subscribe('a', { buffer: { max: 2, overflow: 'drop-newest' } }), client.subscribe('b', { buffer: { max: 2, overflow: 'error' } })];
  router.send(33, (await router.message(32))[1], 5);
  router.send(33, (await router.message(32, 2))[1], 6);
  const [newest, failing] = await Promise.all(subscribing);
  for (const id of [5, 6]) for (let i = 0; i < 4; i++) router.send(36, id, i + 1, {}, [i]);
  await stillWorks(router, client);
  const iterator = newest[Symbol.asyncIterator]();
  assert.deepEqual([(await iterator.next()).value.data, (await iterator.next()).value.data, newest.dropped], [0, 1, 2]);
  assert.deepEqual(await failing.closed, { reason: 'wamplex.error.slow_consumer' });
  assert.equal((await router.message(34))[2], 6);
  const rest = failing[Symbol.asyncIterator]();
  assert.deepEqual([(await rest.next()).value.data, (await rest.next()).value.data], [0, 1]);
  assert.equal((await rejection(rest.next())).uri, 'wamplex.error.slow_consumer');
  assert.deepEqual(await rest.next(), { done: true, value: undefined });
});

scripted('a handler that fails is told, and the next event is delivered', undefined, async ({ router, client }) => {
  const failures = [];
  client.addEventListener('error', (event) => {
    event.preventDefault();
    failures.push([event.detail.where, event.detail.error.message]);
  });
  const subscribing = client.subscribe('t', (e) => {
    if (e.data === 1) throw new Error('at once');
    return Promise.reject(new Error('later'));
  });
  router.send(33, (await router.message(32))[1], 5);
  await subscribing;
  router.send(36, 5, 1, {}, [1]);
  router.send(36, 5, 2, {}, [2]);
  await stillWorks(router, client);
  assert.deepEqual(failures, [['handler', 'at once'], ['handler', 'later']]);
});

// ---- serving -----------------------------------------------------------------------------

/** Registers a handler under the id 6. */
async function registered(router, client, handler) {
  const registering = client.register('p', handler);
  router.send(65, (await router.message(64))[1], 6);
  return registering;
}

scripted('results and errors of handlers', undefined, async ({ router, client }) => {
  client.addEventListener('error', (event) => event.preventDefault());
  const outcomes = [
    [() => 1, [70, 1, {}, [1]]],
    [() => undefined, [70, 2, {}]],
    [() => null, [70, 3, {}, [null]]],
    [async () => [1, 2], [70, 4, {}, [[1, 2]]]],
    [(_, inv) => inv.result({ args: [1, 2], kwargs: { a: 3 } }), [70, 5, {}, [1, 2], { a: 3 }]],
    [() => { throw new WampError('com.example.no', { args: [1], kwargs: { a: 2 } }); }, [8, 68, 6, {}, 'com.example.no', [1], { a: 2 }]],
    [async () => { throw new WampError('com.example.no'); }, [8, 68, 7, {}, 'com.example.no']],
    [() => { throw new WampError('com.example.no', { message: 'in words' }); }, [8, 68, 8, {}, 'com.example.no', ['in words']]],
    [() => { throw new TypeError('broken'); }, [8, 68, 9, {}, 'wamp.error.runtime_error', ['broken']]],
    // eslint-disable-next-line no-throw-literal
    [() => { throw 'text'; }, [8, 68, 10, {}, 'wamp.error.runtime_error', ['text']]],
    [() => () => {}, [8, 68, 11, {}, 'wamp.error.runtime_error', ['a function cannot be sent']]],
    [() => { throw new WampError('com.example.no', { args: [Symbol('s')], message: 'in words' }); }, [8, 68, 12, {}, 'com.example.no', ['in words']]],
  ];
  let handler;
  await registered(router, client, (args, inv) => handler(args, inv));
  let answers = 0;
  for (const [run, expected] of outcomes) {
    handler = run;
    router.send(68, expected[0] === 70 ? expected[1] : expected[2], 6, {});
    const [code] = expected;
    answers = router.received.filter((m) => m[0] === code).length;
    assert.deepEqual(await router.message(code, answers + 1), expected);
  }
});

scripted('a generator yields progress and returns the result', undefined, async ({ router, client }) => {
  await registered(router, client, async function* ([n], inv) {
    for (let i = 0; i < n; i++) yield i;
    return inv.wantsProgress;
  });
  router.send(68, 1, 6, { receive_progress: true }, [2]);
  assert.deepEqual([await router.message(70), await router.message(70, 2), await router.message(70, 3)], [
    [70, 1, { progress: true }, [0]], [70, 1, { progress: true }, [1]], [70, 1, {}, [true]],
  ]);
  router.send(68, 2, 6, {}, [2]);
  assert.deepEqual(await router.message(70, 4), [70, 2, {}, [false]]);
});

scripted('an endless generator hears of its interruption', undefined, async ({ router, client }) => {
  let cleaned = false;
  await registered(router, client, async function* () {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      cleaned = true;
    }
  });
  router.send(68, 1, 6, { receive_progress: true });
  await router.message(70, 10);
  router.send(69, 1, { mode: 'kill' });
  assert.deepEqual((await router.message(8)).slice(0, 5), [8, 68, 1, {}, 'wamp.error.canceled']);
  assert.equal(cleaned, true);
});

scripted('an interrupted handler may still have the last word', undefined, async ({ router, client }) => {
  await registered(router, client, (_, inv) => new Promise((resolve) => inv.signal.addEventListener('abort', () => resolve(inv.signal.reason instanceof CanceledError))));
  router.send(68, 1, 6, {});
  router.send(69, 1, { mode: 'kill' });
  assert.deepEqual(await router.message(70), [70, 1, {}, [true]]);
});

scripted('progress by hand, and none after the result', undefined, async ({ router, client }) => {
  let late;
  await registered(router, client, async (_, inv) => {
    await inv.progress(1);
    await inv.progress(2, { args: [3], kwargs: { a: 4 } });
    late = () => inv.progress('late');
    return 'done';
  });
  router.send(68, 1, 6, { receive_progress: true });
  assert.deepEqual(await router.message(70, 3), [70, 1, {}, ['done']]);
  await late();
  await stillWorks(router, client);
  assert.deepEqual(router.received.filter((m) => m[0] === 70), [
    [70, 1, { progress: true }, [1]], [70, 1, { progress: true }, [2, 3], { a: 4 }], [70, 1, {}, ['done']],
  ]);
});

scripted('arguments that come in pieces', undefined, async ({ router, client }) => {
  await registered(router, client, async ([first], inv) => {
    let sum = first;
    for await (const { args, kwargs } of inv.input) sum += args[0] + (kwargs.extra ?? 0);
    return sum;
  });
  router.send(68, 1, 6, { progress: true }, [1]);
  router.send(68, 1, 6, { progress: true }, [2], { extra: 10 });
  router.send(68, 1, 6, {}, [3]);
  assert.deepEqual(await router.message(70), [70, 1, {}, [16]]);
});

scripted('an invocation that crosses UNREGISTER is still served', undefined, async ({ router, client }) => {
  const registration = await registered(router, client, () => 'served');
  const leaving = registration.unregister();
  const unregister = await router.message(66);
  router.send(68, 1, 6, {});
  assert.deepEqual(await router.message(70), [70, 1, {}, ['served']]);
  router.send(67, unregister[1]);
  await leaving;
});

// ---- calling ---------------------------------------------------------------------------------

scripted('progressive results: iterator, stream, result', (message, send) => {
  if (message[0] !== 48) return;
  for (let i = 0; i < 3; i++) send(50, message[1], { progress: true }, [i]);
  send(50, message[1], {}, ['done']);
}, async ({ router, client }) => {
  const job = client.stream('count');
  const seen = [];
  for await (const piece of job) seen.push(piece);
  assert.deepEqual([seen, await job.result], [[0, 1, 2], 'done']);
  assert.deepEqual((await router.message(48))[2], { receive_progress: true });
  const read = [];
  for await (const piece of client.stream('count').readable) read.push(piece);
  assert.deepEqual(read, [0, 1, 2]);
  assert.equal(await client.stream('count').result, 'done');
});

scripted('leaving the loop, canceling and aborting take a progressive call back', (message, send) => {
  if (message[0] === 48) send(50, message[1], { progress: true }, [0]);
}, async ({ router, client }) => {
  const left = client.stream('a');
  for await (const piece of left) {
    assert.equal(piece, 0);
    break;
  }
  assert.ok((await rejection(left.result)) instanceof CanceledError);
  const canceled = client.stream('b');
  canceled.cancel('enough');
  assert.equal(await rejection(canceled.result), 'enough');
  const reader = client.stream('c').readable.getReader();
  await reader.read();
  await reader.cancel('no more');
  const aborted = client.stream('d', [], { signal: AbortSignal.timeout(5) });
  const error = await rejection((async () => { for await (const _ of aborted); })());
  assert.equal(error.name, 'TimeoutError');
  assert.equal((await router.message(49, 4))[0], 49);
});

scripted('progressive arguments end with the last item', (message, send) => {
  if (message[0] === 48 && !message[2].progress) send(50, message[1], {}, ['done']);
}, async ({ router, client }) => {
  async function* input() {
    yield [1];
    yield { args: [2], kwargs: { a: 1 } };
  }
  assert.equal(await client.stream('sum', [0], { input: input() }).result, 'done');
  const calls = router.received.filter((m) => m[0] === 48);
  const [, request] = calls[0];
  assert.deepEqual(calls, [
    [48, request, { receive_progress: true, progress: true }, 'sum', [0]],
    [48, request, { receive_progress: true, progress: true }, 'sum', [1]],
    [48, request, { receive_progress: true }, 'sum', [2], { a: 1 }],
  ]);
  await client.stream('sum', [0], { input: [] }).result;
  assert.deepEqual(router.received.at(-1).slice(2), [{ receive_progress: true }, 'sum']);
  const failing = client.stream('sum', [0], { input: (async function* () { throw new Error('no input'); })() });
  assert.equal((await rejection(failing.result)).message, 'no input');
});

test('the time limit of progressive results is for each pause', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  const client = await connect(router.url, { realm: 'realm1', serializers: ['json'] });
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const job = client.stream('slow', [], { timeout: 100 });
  const iterator = job[Symbol.asyncIterator]();
  const [, request] = await router.message(48);
  for (let i = 0; i < 5; i++) {
    t.mock.timers.tick(60);
    router.send(50, request, { progress: true }, [i]);
    assert.deepEqual(await iterator.next(), { done: false, value: i });
  }
  t.mock.timers.tick(100);
  assert.ok((await rejection(job.result)) instanceof TimeoutError);
  t.mock.timers.reset();
  await client.close();
});

scripted('errors carry everything', (message, send) => {
  if (message[0] !== 48) return;
  send(8, 48, message[1], { hint: 1 }, message[3], ['in words', 2], { a: 3 });
}, async ({ client }) => {
  const error = await rejection(client.call('com.example.no'));
  assert.ok(WampError.is(error, 'com.example.no') && error instanceof Error && !WampError.is(error, 'other'));
  assert.deepEqual([error.args, error.kwargs, error.details, error.message, error.name], [['in words', 2], { a: 3 }, { hint: 1 }, 'com.example.no: in words', 'WampError']);
  assert.ok((await rejection(client.call('wamp.error.canceled'))) instanceof CanceledError);
  assert.ok((await rejection(client.call('wamp.error.cancelled'))) instanceof CanceledError);
  assert.ok((await rejection(client.call('wamp.error.timeout'))) instanceof TimeoutError);
});

scripted('results are never guessed', (message, send) => {
  if (message[0] === 48) send(50, message[1], {}, ...message.slice(4));
}, async ({ client }) => {
  assert.equal(await client.call('echo', [1, 2]), 1);
  assert.equal(await client.call('echo'), undefined);
  assert.deepEqual(await client.call('echo', [[1, 2]]), [1, 2]);
  assert.deepEqual(await client.callRaw('echo', { args: [1], kwargs: { a: 2 } }), { args: [1], kwargs: { a: 2 }, details: {} });
  assert.deepEqual(await client.callRaw('echo', [1], { kwargs: { a: 2 } }), { args: [1], kwargs: { a: 2 }, details: {} });
  assert.deepEqual(await client.callRaw('echo'), { args: [], kwargs: {}, details: {} });
  assert.deepEqual((await client.callRaw('echo', { kwargs: { a: 2 } })).kwargs, { a: 2 });
});

// ---- options ------------------------------------------------------------------------------------

scripted('options go over the wire under their names, raw ones win', (message, send) => {
  if (message[0] === 16 && message[2].acknowledge) send(17, message[1], 99);
  if (message[0] === 32) send(33, message[1], 5);
  if (message[0] === 64) send(65, message[1], 6);
}, async ({ router, client }) => {
  const published = await client.publish('t', 'd', {
    acknowledge: true, excludeMe: false, discloseMe: true, retain: true, exclude: [1], excludeAuthid: ['a'], excludeAuthrole: ['b'],
    eligible: [2], eligibleAuthid: ['c'], eligibleAuthrole: ['d'], args: ['e'], kwargs: { f: 1 }, options: { x_own: [1, { a: null }], retain: false },
  });
  assert.deepEqual(published, { publication: 99 });
  const publish = await router.message(16);
  assert.deepEqual(publish.slice(3), ['t', ['d', 'e'], { f: 1 }]);
  const { retain, ...rest } = publish[2];
  assert.ok(!retain);
  assert.deepEqual(rest, {
    acknowledge: true, exclude_me: false, disclose_me: true, exclude: [1], exclude_authid: ['a'], exclude_authrole: ['b'],
    eligible: [2], eligible_authid: ['c'], eligible_authrole: ['d'], x_own: [1, { a: null }],
  });
  assert.equal(await client.publish('t'), undefined);
  assert.deepEqual((await router.message(16, 2)).slice(2), [{}, 't']);
  await client.publish('t', undefined, { eligible: [], eligibleAuthid: [], exclude: [] });
  assert.deepEqual((await router.message(16, 3))[2], { eligible: [], eligible_authid: [], exclude: [] }, 'an empty list is not none');
  await client.subscribe('t', { match: 'prefix', getRetained: true, options: { x_own: 1 } });
  assert.deepEqual((await router.message(32))[2], { match: 'prefix', get_retained: true, x_own: 1 });
  await client.register('p', () => {}, { match: 'wildcard', invoke: 'roundrobin', discloseCaller: true, concurrency: 2, forceReregister: true });
  assert.deepEqual((await router.message(64))[2], { match: 'wildcard', invoke: 'roundrobin', disclose_caller: true, concurrency: 2, force_reregister: true });
  void client.call('p', [], { discloseMe: true, timeout: 60_000, options: { x_own: 1 } }).catch(() => {});
  assert.deepEqual((await router.message(48))[2], { disclose_me: true, timeout: 60_000, x_own: 1 });
});

scripted('options of the wrong type are refused before they are sent', undefined, async ({ router, client }) => {
  assert.match((await rejection(client.publish('t', 1, { acknowledge: 'yes' }))).message, /acknowledge/);
  assert.match((await rejection(client.subscribe('t', { match: 'glob' }))).message, /match/);
  assert.match((await rejection(client.register('p', () => {}, { invoke: 'load' }))).message, /invoke/);
  assert.ok((await rejection(client.register('p'))) instanceof TypeError);
  assert.ok((await rejection(client.call('p', [() => {}]))) instanceof TypeError);
  await stillWorks(router, client);
  assert.deepEqual(router.received.map((m) => m[0]), [1, 48]);
});

// ---- connecting -----------------------------------------------------------------------------------

test('close() wins over a connection that is being made', async (t) => {
  const router = await startScripted((message) => message[0] === 1);
  t.after(() => router.stop());
  const client = new Client(router.url, { realm: 'realm1', serializers: ['json'] });
  const states = [];
  client.addEventListener('statechange', ({ detail }) => states.push(detail.state));
  const failures = [client.connect(), client.ready(), client.call('a')].map(rejection);
  await router.message(1);
  await client.close();
  for (const error of await Promise.all(failures)) assert.ok(error instanceof ConnectionLostError);
  assert.deepEqual(states, ['connecting', 'closed']);
});

test('a router that never answers is given up', async (t) => {
  const router = await startScripted((message) => message[0] === 1);
  t.after(() => router.stop());
  const error = await rejection(connect(router.url, { realm: 'realm1', serializers: ['json'], connectTimeout: 50 }));
  assert.ok(error instanceof TimeoutError);
});

test('the signal of the client closes it, while connecting and afterwards', async (t) => {
  const silent = await startScripted((message) => message[0] === 1);
  t.after(() => silent.stop());
  const first = new AbortController();
  const failure = rejection(connect(silent.url, { realm: 'realm1', serializers: ['json'], signal: first.signal }));
  await silent.message(1);
  first.abort('not now');
  assert.equal(await failure, 'not now');

  const router = await startScripted();
  t.after(() => router.stop());
  const second = new AbortController();
  const client = await connect(router.url, { realm: 'realm1', serializers: ['json'], signal: second.signal });
  second.abort();
  await router.message(6);
  await client.close();
  assert.equal(client.state, 'closed');
});

test('refusals are told apart', async (t) => {
  const answers = { 'wamp.error.authentication_failed': AuthError, 'wamp.error.no_such_realm': WampError, 'wamp.error.not_authorized': AuthError };
  const router = await startScripted((message, send) => {
    if (message[0] === 1) send(3, { message: 'because' }, message[1]);
    return true;
  });
  t.after(() => router.stop());
  for (const [uri, type] of Object.entries(answers)) {
    const error = await rejection(connect(router.url, { realm: uri, serializers: ['json'] }));
    assert.equal(error.constructor, type);
    assert.deepEqual([error.uri, error.message], [uri, `${uri}: because`]);
  }
});

test('a ticket is asked for at each attempt', async (t) => {
  const router = await startScripted((message, send) => {
    if (message[0] === 1) send(4, 'ticket', {});
    if (message[0] === 5 && message[1] !== 'ticket 2') send(3, {}, 'wamp.error.authentication_denied');
    else if (message[0] === 5) send(2, 1, { roles: { broker: {} }, authid: 'joe', authextra: { a: 1 } });
    return message[0] !== 6;
  });
  t.after(() => router.stop());
  let asked = 0;
  const client = new Client(router.url, {
    realm: 'realm1', serializers: ['json'], auth: [auth.anonymous(), auth.ticket({ authid: 'joe', ticket: async () => `ticket ${++asked}` })],
  });
  assert.ok((await rejection(client.connect())) instanceof AuthError);
  const trace = [];
  client.addEventListener('trace', ({ detail }) => trace.push(detail.message));
  const info = await client.connect();
  assert.deepEqual([info.authid, info.authextra, client.state], ['joe', { a: 1 }, 'open']);
  const hello = await router.message(1);
  assert.deepEqual([hello[2].authmethods, hello[2].authid], [['anonymous', 'ticket'], 'joe']);
  assert.ok(hello[2].roles.caller.features.call_canceling);
  // Secrets are not for logs.
  assert.deepEqual(trace.find((m) => m[0] === 5), [5, '***', {}]);
  await client.close();
});

test('an authenticator that fails tells router and caller', async (t) => {
  const router = await startScripted((message, send) => {
    if (message[0] === 1) send(4, 'ticket', {});
    return true;
  });
  t.after(() => router.stop());
  const ticket = () => { throw new Error('no token'); };
  const error = await rejection(connect(router.url, { realm: 'realm1', serializers: ['json'], auth: auth.ticket({ authid: 'joe', ticket }) }));
  assert.ok(error instanceof AuthError);
  assert.equal(error.message, 'no token');
  assert.equal((await router.message(3))[2], 'wamp.error.authentication_failed');
});

test('addresses are tried in order', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  const client = await connect(['ws://127.0.0.1:1/', { url: new URL(router.url), serializers: ['json'] }], { realm: 'realm1' });
  assert.equal(client.session.url, router.url);
  await client.close();
  const error = await rejection(connect('ws://127.0.0.1:1/', { realm: 'realm1' }));
  assert.ok(error instanceof ConnectionLostError);
  assert.match(error.message, /cannot connect to ws:\/\/127\.0\.0\.1:1\//);
});

test('a client may connect again after the end', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  const client = new Client(router.url, { realm: 'realm1', serializers: ['json'] });
  assert.equal(client.state, 'idle');
  await client.ready();
  await client.close();
  await client.close();
  assert.equal(client.state, 'closed');
  await client.connect();
  assert.equal(client.state, 'open');
  assert.equal(client.session.supports('dealer', 'call_canceling'), true);
  assert.equal(client.session.supports('broker', 'event_history'), false);
  await client.close({ reason: 'com.example.bye', message: 'bye' });
  assert.deepEqual(router.received.at(-1), [6, { message: 'bye' }, 'com.example.bye']);
});

test('wrong options are refused at once', () => {
  assert.throws(() => new Client('ws://x', {}), /realm/);
  assert.throws(() => new Client('ws://x'), /realm/);
  assert.throws(() => new Client([], { realm: 'realm1' }), /address/);
  assert.throws(() => new Client('ws://x', { realm: 'realm1', serializers: ['ubjson'] }), /ubjson/);
  assert.throws(() => new Client('ws://x', { realm: 'realm1', serializers: [] }), /serializer/);
});

scripted('every message is traced', (message, send) => {
  if (message[0] === 48) send(50, message[1], {}, ['hi']);
}, async ({ client }) => {
  const lines = [];
  client.addEventListener('trace', ({ detail }) => lines.push(detail));
  await client.call('com.example.hello', [1n]);
  assert.deepEqual(lines.map(({ dir, message }) => [dir, ...message]), [['tx', 48, 1, {}, 'com.example.hello', [1]], ['rx', 50, 1, {}, ['hi']]]);
  assert.deepEqual(lines.map((l) => l.bytes), [JSON.stringify([48, 1, {}, 'com.example.hello', [1]]).length, JSON.stringify([50, 1, {}, ['hi']]).length]);
});

/** The session is alive: a call goes out, and its answer arrives after everything that was sent before. */
async function stillWorks(router, client) {
  const count = router.received.filter((m) => m[0] === 48).length;
  const answer = client.call('alive');
  const call = await router.message(48, count + 1);
  router.send(50, call[1], {}, ['yes']);
  assert.equal(await answer, 'yes');
}
