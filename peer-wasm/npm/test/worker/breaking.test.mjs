// What tabs do at the worst moment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, serve } from 'wamplex/worker';
import { startScripted } from '../scripted.mjs';

/** A tab of a worker, whose router says what the test tells it to. */
async function sharing(t) {
  const router = await startScripted();
  const share = serve(router.url, { realm: 'realm1', serializers: ['json'], reconnect: false, heartbeat: false });
  const { port1, port2 } = new MessageChannel();
  share.attach(port2);
  const tab = await connect(port1, { reconnect: false });
  t.after(async () => {
    await tab.close();
    await share.close();
    port1.close();
    await router.stop();
  });
  return { router, share, tab };
}

test('handlers that subscribe at the same time hear every event once', async (t) => {
  const { router, tab } = await sharing(t);
  const seen = [];
  const subscribing = ['first', 'second'].map((who) => tab.subscribe('t', ({ data }) => seen.push([who, data])));
  await router.message(32, 2);
  for (const [, request] of router.received.filter(([code]) => code === 32)) router.send(33, request, 5);
  await Promise.all(subscribing);
  router.send(36, 5, 1, {}, ['a']);
  router.send(36, 5, 2, {}, ['b']);
  const answer = tab.call('alive');
  router.send(50, (await router.message(48))[1], {});
  await answer;
  assert.deepEqual(seen, [['first', 'a'], ['second', 'a'], ['first', 'b'], ['second', 'b']]);
});

test('a tab that goes before the router has answered leaves nothing behind', async (t) => {
  const { router, tab } = await sharing(t);
  tab.subscribe('t', () => {}).catch(() => {});
  tab.register('p', () => {}).catch(() => {});
  await Promise.all([router.message(32), router.message(64)]);
  await tab.close();
  router.send(33, (await router.message(32))[1], 5);
  router.send(65, (await router.message(64))[1], 6);
  assert.equal((await router.message(34))[2], 5);
  assert.equal((await router.message(66))[2], 6);
});

test('tabs on pages that are not secure may share, too', async (t) => {
  const randomUUID = Object.getOwnPropertyDescriptor(Crypto.prototype, 'randomUUID');
  Object.defineProperty(Crypto.prototype, 'randomUUID', { value: undefined, configurable: true });
  try {
    const { tab } = await sharing(t);
    assert.equal(tab.state, 'open');
  } finally {
    Object.defineProperty(Crypto.prototype, 'randomUUID', randomUUID);
  }
});
