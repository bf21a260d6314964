// What tabs do at the worst moment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionLostError, WampError } from 'wamplex';
import { connect, serve } from 'wamplex/worker';
import { rejection, startScripted, stillWorks } from '../scripted.mjs';

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
  return { router, share, tab, port1, port2 };
}

/** A tab that has a port made for each of its sessions; `ports` are the worker's. */
async function sharingAnew(t) {
  const router = await startScripted();
  const share = serve(router.url, { realm: 'realm1', serializers: ['json'], reconnect: false, heartbeat: false });
  const ports = [];
  const tab = await connect(() => {
    const { port1, port2 } = new MessageChannel();
    share.attach(port2);
    ports.push(port2);
    return port1;
  }, { reconnect: { initialDelay: 0 } });
  t.after(async () => {
    await tab.close();
    await share.close();
    await router.stop();
  });
  return { router, share, tab, ports };
}

const next = (target, event) => new Promise((resolve) => target.addEventListener(event, (found) => resolve(found.detail ?? found.data), { once: true }));

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

test('what an application sends on the same port is left alone', async (t) => {
  const { router, share, tab, port1, port2 } = await sharing(t);
  const inWorker = [];
  const inTab = [];
  port2.addEventListener('message', ({ data }) => inWorker.push(data));
  port1.addEventListener('message', ({ data }) => inTab.push(data));
  const theirs = [null, 'text', 7, { hello: 'world' }, { socket: 'mine', open: 'x' }, [1]];
  for (const message of theirs) {
    port1.postMessage(message);
    port2.postMessage(message);
  }
  await stillWorks(router, tab);
  assert.deepEqual([inWorker.slice(0, 6), inTab.slice(0, 6), share.tabs], [theirs, theirs, 1]);
});

for (const data of ['no JSON', '7', '[]', '[48]', '[16,1]', '[99,1]']) {
  test(`a tab that sends ${data} loses its session, and no other tab does`, async (t) => {
    const { router, share, tab } = await sharing(t);
    const { port1, port2 } = new MessageChannel();
    share.attach(port2);
    const heard = next(port2, 'message');
    const bad = await connect(port1, { reconnect: false });
    t.after(() => port1.close());
    const closed = next(bad, 'close');
    const { socket } = await heard;
    port1.postMessage({ socket, data });
    assert.ok((await closed).cause instanceof WampError);
    await stillWorks(router, tab);
    assert.equal(share.tabs, 1);
  });
}

test('arguments that cannot be sent reject their call, and nothing else', async (t) => {
  const { router, tab } = await sharing(t);
  const loop = [];
  loop.push(loop);
  for (const [value, why] of [[() => {}, /function/], [Symbol('s'), /symbol/], [2n ** 80n, /64 bits/], [loop, /nested/]]) {
    for (const failing of [tab.call('p', [value]), tab.publish('t', value), tab.publish('t', value, { acknowledge: true })]) {
      assert.match((await rejection(failing)).message, why);
    }
  }
  await stillWorks(router, tab);
});

test('a worker that closes its client by itself takes the tabs along', async (t) => {
  const { router, share, tab } = await sharing(t);
  const pending = rejection(tab.call('p'));
  await router.message(48);
  const closed = next(tab, 'close');
  await share.client.close();
  const error = await pending;
  assert.ok(error instanceof ConnectionLostError && error.maybeSent, String(error));
  assert.match((await closed).cause.message, /the worker has closed the session/);
});

test('a tab that comes after the worker has given up hears why', async (t) => {
  const router = await startScripted((message, send) => message[0] === 1 && (send(3, {}, 'wamp.error.no_such_realm'), true));
  const share = serve(router.url, { realm: 'realm1', serializers: ['json'] });
  t.after(async () => {
    await share.close();
    await router.stop();
  });
  await rejection(share.client.connect());
  const { port1, port2 } = new MessageChannel();
  share.attach(port2);
  t.after(() => port1.close());
  assert.ok(WampError.is(await rejection(connect(port1, { connectTimeout: 86_400_000 })), 'wamp.error.no_such_realm'));
});

test('a lock that nobody holds here is not waited for', async (t) => {
  const { share } = await sharing(t);
  const { port1, port2 } = new MessageChannel();
  share.attach(port2);
  t.after(() => port1.close());
  const answer = next(port1, 'message');
  port1.start();
  port1.postMessage({ socket: 1, open: 'of another origin' });
  assert.deepEqual(await answer, { socket: 1, open: '' });
  assert.equal(share.tabs, 2);
  const end = next(port1, 'message');
  port1.postMessage({ socket: 1, close: '' });
  assert.deepEqual(await end, { socket: 1, close: '' });
  assert.equal(share.tabs, 1);
});

test('where locks are refused, tabs share all the same', async (t) => {
  const { locks } = globalThis.navigator ?? {};
  if (locks) Object.defineProperty(locks, 'request', { value: () => Promise.reject(new DOMException('no', 'SecurityError')), configurable: true });
  try {
    const { router, tab } = await sharing(t);
    await stillWorks(router, tab);
  } finally {
    if (locks) delete locks.request;
  }
});

test('a port that was made for a session is closed with it, after all that was sent', async (t) => {
  const { router, share, tab, ports } = await sharingAnew(t);
  void tab.publish('t', 'last');
  await tab.close();
  assert.deepEqual((await router.message(16))[4], ['last']);
  await tab.connect();
  assert.equal(ports.length, 2);
  assert.equal(share.tabs, 1);
  await stillWorks(router, tab);
});

test('a port that closes is noticed, and another one is made', async (t) => {
  const { router, share, tab, ports } = await sharingAnew(t);
  const seen = [];
  const gaps = [];
  const subscribing = tab.subscribe('t', ({ data }) => seen.push(data), { ongap: (gap) => gaps.push(gap) });
  router.send(33, (await router.message(32))[1], 5);
  await subscribing;
  const pending = rejection(tab.call('p'));
  await router.message(48);
  const opened = next(tab, 'open');
  ports[0].close();
  const error = await pending;
  assert.ok(error instanceof ConnectionLostError && error.maybeSent, String(error));
  await opened;
  assert.equal((await router.message(34))[2], 5);
  router.send(33, (await router.message(32, 2))[1], 6);
  await stillWorks(router, tab);
  router.send(36, 6, 1, {}, ['again']);
  await stillWorks(router, tab);
  assert.deepEqual([seen, gaps.length, ports.length, share.tabs], [['again'], 1, 2, 1]);
});

test('a tab that waits in vain hears what the worker waits for', async (t) => {
  const router = await startScripted();
  await router.stop();
  const share = serve(router.url, { realm: 'realm1', reconnect: { initialDelay: 1, maxDelay: 20 } });
  const { port1, port2 } = new MessageChannel();
  share.attach(port2);
  t.after(async () => {
    await share.close();
    port1.close();
  });
  let message;
  // However long the worker takes until it fails.
  for (let connectTimeout = 100; !/cannot connect to ws:/.test(message); connectTimeout *= 2) {
    const error = await rejection(connect(port1, { connectTimeout }));
    assert.equal(error.name, 'TimeoutError');
    message = error.message;
  }
  assert.match(message, /^the worker has no session: cannot connect to ws:/);
});

test('what is no worker is said at once', async () => {
  for (const none of [undefined, null, 'worker.js', 7, {}, { port: {} }, { postMessage() {} }]) {
    for (const tab of [none, () => none, async () => none]) {
      const error = await rejection(connect(tab, { connectTimeout: 86_400_000 }));
      assert.ok(WampError.is(error, 'wamplex.error.unsupported'), String(error));
      assert.match(error.message, /^neither a SharedWorker nor a Worker nor a port: /);
    }
  }
});
