// Subscriptions, against a router that misbehaves on purpose.
import assert from 'node:assert/strict';
import { WampError } from 'wamplex';
import { rejection, scripted, stillWorks } from './scripted.mjs';

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
  assert.deepEqual(slow, [{ topic: 't', buffered: 2, dropped: 1, by: 'client' }]);
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
