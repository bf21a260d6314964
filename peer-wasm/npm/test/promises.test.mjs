// Every promise settles, against a router that misbehaves on purpose.
import assert from 'node:assert/strict';
import { ConnectionLostError, TimeoutError } from 'wamplex';
import { rejection, scripted, stillWorks } from './scripted.mjs';

scripted('all that waits is rejected when the connection breaks', undefined, async ({ router, client }) => {
  const signal = new AbortController().signal;
  const requests = [
    client.call('a'), client.callRaw('b'), client.stream('c').result, client.publish('d', 1, { acknowledge: true }),
    client.subscribe('e', () => {}), client.register('f', () => {}), client.call('g', [], { signal, timeout: 60_000 }),
    client.events('h').next(), client.stream('i')[Symbol.asyncIterator]().next(), client.stream('j').readable.getReader().read(),
  ];
  const failures = Promise.all(requests.map(rejection));
  for (const [code, count] of [[48, 6], [32, 2], [64, 1]]) await router.message(code, count);
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

for (const [name, data] of [['no JSON', '{'], ['no message', '{}'], ['an unknown code', '[99]'], ['a wrong type', '[36,"x",1,{}]'], ['binary', Buffer.from([0x90])], ['a second WELCOME', '[2,1,{"roles":{"broker":{}}}]'], ['a CHALLENGE', '[4,"ticket",{}]'], ['what only clients send', '[48,1,{},"p"]'], ['an ERROR for what cannot fail', '[8,50,1,{},"a.b"]'], ['an ERROR without details', '[8,48,1,"a.b"]']]) {
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
