// What a router drops because the client is too slow is told: Wamplex says ahead of which event how many are missing.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from 'wamplex';
import * as worker from 'wamplex/worker';
import { WebSocket } from 'ws';
import { startRouter } from './router.mjs';
import { scripted, stillWorks } from './scripted.mjs';

/** Subscribes, under this id. */
async function subscribed({ router, client }, id, ...rest) {
  const before = router.received.filter((m) => m[0] === 32).length;
  const subscribing = client.subscribe(...rest);
  router.send(33, (await router.message(32, before + 1))[1], id);
  return subscribing;
}

const dropping = (n) => ({ _wamplex_dropped: n });

scripted('what the router has dropped is told before the event that says so', undefined, async ({ router, client }) => {
  const seen = [];
  client.addEventListener('slowconsumer', ({ detail }) => seen.push(detail));
  const began = Date.now();
  const subscription = await subscribed({ router, client }, 5, 't', ({ data }) => seen.push([data, subscription.dropped]), {
    ongap: (gap) => seen.push(gap),
  });
  router.send(36, 5, 1, {}, ['a']);
  router.send(36, 5, 2, dropping(3), ['e']);
  router.send(36, 5, 3, {}, ['f']);
  router.send(36, 5, 4, dropping(1), ['h']);
  await stillWorks(router, client);
  const [, , first, , , , second] = seen;
  assert.deepEqual(seen, [
    ['a', 0],
    { topic: 't', buffered: 0, dropped: 3, by: 'router' }, { ...first, dropped: 3 }, ['e', 3],
    ['f', 3],
    { topic: 't', buffered: 0, dropped: 4, by: 'router' }, { ...second, dropped: 1 }, ['h', 4],
  ]);
  // Since when events may be missing: from the first moment on, and then from where the last gap ended.
  assert.ok(began <= first.lostAt && first.lostAt <= first.restoredAt);
  assert.equal(second.lostAt, first.restoredAt);
  assert.ok(second.restoredAt <= Date.now());
});

scripted('it is told to everybody who shares the subscription of the router, however they take their events', undefined, async ({ router, client }) => {
  const seen = [];
  const slow = [];
  client.addEventListener('slowconsumer', ({ detail }) => slow.push(detail));
  const one = await subscribed({ router, client }, 5, 't', () => {}, { ongap: ({ dropped }) => seen.push(['one', dropped]) });
  const two = await client.subscribe('t', { ongap: ({ dropped }) => seen.push(['two', dropped]) });
  const events = client.events('t', { ongap: ({ dropped }) => seen.push(['three', dropped]) });
  const other = await subscribed({ router, client }, 6, 'u', () => {}, { ongap: () => seen.push('other') });
  const third = events.next();
  await stillWorks(router, client);
  // A retained event is only for whoever asks for it; what is missing ahead of it is missing for all.
  router.send(36, 5, 1, { ...dropping(2), retained: true }, ['a']);
  router.send(36, 5, 2, {}, ['b']);
  assert.equal((await third).value.data, 'b');
  assert.equal((await two[Symbol.asyncIterator]().next()).value.data, 'b');
  assert.deepEqual(seen, [['one', 2], ['two', 2], ['three', 2]]);
  assert.deepEqual([one.dropped, two.dropped, other.dropped], [2, 2, 0]);
  assert.deepEqual(slow, [1, 2, 3].map(() => ({ topic: 't', buffered: 0, dropped: 2, by: 'router' })));
});

scripted('only a number that can be one is taken for it', undefined, async ({ router, client }) => {
  const seen = [];
  client.addEventListener('slowconsumer', ({ detail }) => seen.push(detail));
  const subscription = await subscribed({ router, client }, 5, 't', ({ data }) => seen.push(data), { ongap: (gap) => seen.push(gap) });
  const wrong = [0, -1, 1.5, 2 ** 53, '3', '', null, true, [3], { n: 3 }];
  for (const [i, n] of wrong.entries()) router.send(36, 5, i + 1, dropping(n), [i]);
  router.sendRaw('[36, 5, 100, {"_wamplex_dropped": 9007199254740993}, ["huge"]]');
  await stillWorks(router, client);
  assert.deepEqual(seen, [...wrong.keys(), 'huge']);
  assert.equal(subscription.dropped, 0);
});

scripted('it adds to what the buffer here drops, and each says who it was', undefined, async ({ router, client }) => {
  const slow = [];
  client.addEventListener('slowconsumer', ({ detail }) => slow.push(detail));
  const subscription = await subscribed({ router, client }, 5, 't', { buffer: { max: 2 } });
  for (let i = 1; i <= 3; i++) router.send(36, 5, i, {}, [i]);
  router.send(36, 5, 4, dropping(10), [14]);
  await stillWorks(router, client);
  assert.equal(subscription.dropped, 12);
  assert.deepEqual(slow, [
    { topic: 't', buffered: 2, dropped: 1, by: 'client' }, { topic: 't', buffered: 2, dropped: 11, by: 'router' },
  ]);
  const iterator = subscription[Symbol.asyncIterator]();
  assert.deepEqual([(await iterator.next()).value.data, (await iterator.next()).value.data], [3, 14]);
});

scripted('ongap may fail, or end the subscription', undefined, async ({ router, client }) => {
  const seen = [];
  client.addEventListener('error', (event) => {
    event.preventDefault();
    seen.push([event.detail.where, event.detail.error.message]);
  });
  await subscribed({ router, client }, 5, 't', ({ data }) => seen.push(data), { ongap: () => Promise.reject(new Error('late')) });
  const ending = await subscribed({ router, client }, 6, 'u', ({ data }) => seen.push(data), { ongap: () => void ending.unsubscribe() });
  router.send(36, 6, 1, dropping(1), ['not seen']);
  router.send(36, 5, 2, dropping(1), ['seen']);
  await stillWorks(router, client);
  assert.deepEqual(seen, ['seen', ['handler', 'late']]);
  assert.equal((await router.message(34))[2], 6);
});

scripted('for an application that wants integers as bigint it is a number all the same', undefined, async ({ router, client }) => {
  const subscription = await subscribed({ router, client }, 5, 't', () => {});
  router.send(36, 5, 1, dropping(3), [7]);
  await stillWorks(router, client);
  assert.equal(subscription.dropped, 3);
}, { bigint: 'always' });

scripted('tabs that share a session learn it, even if the event itself is an echo that a tab is spared', undefined, async ({ router, client }) => {
  const share = worker.serve(client);
  const channels = [new MessageChannel(), new MessageChannel()];
  for (const { port2 } of channels) share.attach(port2);
  const [one, two] = await Promise.all(channels.map(({ port1 }) => worker.connect(port1)));
  const seen = [];
  router.script = (message, send) => {
    const [code, request, , , args] = message;
    if (code === 32) send(33, request, 5);
    if (code === 48) send(50, request, {});
    if (code !== 16) return;
    // What a tab publishes comes back to the worker, after some that are missing.
    send(36, 5, request, args[0] === 'echo' ? dropping(2) : {}, args);
    send(17, request, request);
  };
  const watch = (tab, name) => tab.subscribe('t', ({ data }) => seen.push([name, data]), { ongap: ({ dropped }) => seen.push([name, 'gap', dropped]) });
  await watch(one, 'one');
  await watch(two, 'two');
  await one.publish('t', 'echo', { acknowledge: true });
  await two.publish('t', 'next', { acknowledge: true });
  await Promise.all([one.call('alive'), two.call('alive')]);
  const of = (name) => seen.filter(([who]) => who === name).map(([, ...what]) => what);
  assert.deepEqual(of('one'), [['gap', 2], ['next']]);
  assert.deepEqual(of('two'), [['gap', 2], ['echo']]);
  await Promise.all([one.close(), two.close()]);
  await share.close();
  for (const { port1 } of channels) port1.close();
});

for (const [serializer, batched] of [['json', ''], ['msgpack', '.batched'], ['cbor', '.batched']]) {
  test(`${serializer}${batched}: a client that stops reading counts all that it does not get`, async (t) => {
    const router = await startRouter('slow_consumers = { policy = "drop-oldest", bytes = "256KiB" }\n[[realms]]\nname = "realm1"\n');
    t.after(() => router.stop());
    let socket;
    const slow = await connect(router.url, {
      realm: 'realm1', heartbeat: false,
      webSocket: (url) => (socket = new WebSocket(url, `wamp.2.${serializer}${batched}`)),
    });
    const fast = await connect(router.url, { realm: 'realm1' });
    t.after(() => Promise.all([slow.close(), fast.close()]));
    let seen = 0;
    let last = -1;
    let gaps = 0;
    let ahead = 0;
    const subscription = await slow.subscribe('com.example.flood', ({ args: [n] }) => {
      // What is missing ahead of it was told before.
      assert.equal(n, last + 1 + ahead);
      ahead = 0;
      seen++;
      last = n;
    }, { ongap: ({ dropped }) => (gaps++, ahead += dropped) });
    const told = [];
    slow.addEventListener('slowconsumer', ({ detail }) => told.push(detail));
    const dropped = new Promise((resolve) => void fast.subscribe('wamplex.session.on_slow', ({ data }) => data.session === slow.session.id && resolve()));
    await fast.call('wamp.session.count');
    socket.pause();
    let stop = false;
    void dropped.then(() => (stop = true));
    let count = 0;
    const filler = 'x'.repeat(1 << 15);
    while (!stop) await fast.publish('com.example.flood', count++, { args: [filler], acknowledge: true });
    socket.resume();
    // What waits arrives before the answer, and the next event says what is missing ahead of it.
    await slow.call('wamp.session.count');
    await fast.publish('com.example.flood', count++, { acknowledge: true });
    await slow.call('wamp.session.count');
    assert.ok(gaps > 0 && subscription.dropped > 0);
    assert.deepEqual([seen + subscription.dropped, last], [count, count - 1]);
    assert.ok(told.every(({ topic, by }) => topic === 'com.example.flood' && by === 'router') && told.length === gaps);
    assert.equal(told.at(-1).dropped, subscription.dropped);
  });
}
