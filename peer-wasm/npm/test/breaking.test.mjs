// What applications do at the worst moment, and routers that should not be trusted.
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Client, ConnectionLostError, connect, defineContract, procedure } from 'wamplex';
import { WebSocket } from 'ws';
import { registered, rejection, scripted, startScripted, stillWorks } from './scripted.mjs';

const never = () => new Promise(() => {});

/** The promise, unless nothing happens for so long that nothing will. */
const settles = (promise, what) => {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(reject, 60_000, new Error(`${what} never settles`))));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

/** A client that has not connected yet. */
const idle = (options = {}) => new Client('ws://127.0.0.1:1/', { realm: 'realm1', ...options });

/** What nobody catches while this test runs, which the test runner would blame on it. */
function uncaught(t) {
  const thrown = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', (error) => thrown.push(error));
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  });
  return thrown;
}

// ---- promises ---------------------------------------------------------------------------

scripted('a stream whose signal is aborted already rejects with its reason', undefined, async ({ client }) => {
  const signal = AbortSignal.abort('not wanted');
  const stream = client.stream('p', [], { signal });
  assert.equal(await rejection(stream.raw), 'not wanted');
  assert.equal(await rejection(stream.result), 'not wanted');
  assert.equal(await rejection(stream[Symbol.asyncIterator]().next()), 'not wanted');
  const bound = client.withContract(defineContract({ p: procedure() }));
  assert.equal(await rejection(bound.stream('p', [], { signal }).result), 'not wanted');
});

test('connecting with a signal that is aborted already rejects with its reason', async () => {
  const client = idle({ signal: AbortSignal.abort('not wanted') });
  assert.equal(await rejection(client.connect()), 'not wanted');
});

test('a listener that closes the client while it begins to connect has its way', async () => {
  const client = idle();
  client.addEventListener('statechange', () => void client.close(), { once: true });
  assert.ok((await rejection(client.connect())) instanceof ConnectionLostError);
  assert.equal(client.state, 'closed');
});

const HANGING = {
  'a socket that the application never makes': { webSocket: never },
  'a policy that never decides': { reconnect: { retry: never } },
};
for (const [what, options] of Object.entries(HANGING)) {
  test(`close() does not wait for ${what}`, async () => {
    const client = idle({ ...options, connectTimeout: 0 });
    const failure = rejection(client.connect());
    await turn();
    await settles(client.close(), 'close()');
    assert.ok((await failure) instanceof ConnectionLostError);
    assert.equal(client.state, 'closed');
  });
}

test('the time to connect is limited while the application makes a socket, and one that comes later is closed', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  let give;
  let closed = 0;
  const asked = new Promise((resolve) => (give = resolve));
  const options = { realm: 'realm1', connectTimeout: 30, reconnect: false, webSocket: () => asked };
  const error = await settles(rejection(connect(router.url, options)), 'connect()');
  assert.equal(error.name, 'TimeoutError');
  give({ readyState: 1, protocol: 'wamp.2.json', send: () => assert.fail('sent'), close: () => closed++ });
  await turn();
  assert.equal(closed, 1);
});

test('a signal that lives longer than its clients does not keep them', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  const { signal } = new AbortController();
  const listeners = () => getEventListeners(signal, 'abort').length;
  const client = await connect(router.url, { realm: 'realm1', serializers: ['json'], signal });
  t.after(() => client.close());
  assert.equal(listeners(), 1);
  await client.close();
  assert.equal(listeners(), 0);
  await client.connect();
  assert.equal(listeners(), 1);
});

test('an attempt that was given up does not disturb the next one', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  const given = [];
  const client = new Client(router.url, {
    realm: 'realm1',
    webSocket: (url, protocols) => (given.length === 0 ? new Promise((_, reject) => given.push(reject)) : new WebSocket(url, ['wamp.2.json'])),
  });
  t.after(() => client.close());
  client.connect().catch(() => {});
  await turn();
  await client.close();
  const second = client.connect();
  given[0](new Error('too late'));
  assert.equal((await second).id, 4711);
  assert.equal(client.state, 'open');
});

test('an address that is silent leaves time for the next one', async (t) => {
  const [silent, router] = [await startScripted((message) => message[0] === 1), await startScripted()];
  t.after(() => Promise.all([silent.stop(), router.stop()]));
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const connecting = connect([silent.url, router.url], { realm: 'realm1', serializers: ['json'], reconnect: false, connectTimeout: 400 });
  await silent.message(1);
  t.mock.timers.tick(200);
  const client = await connecting;
  t.mock.timers.reset();
  t.after(() => client.close());
  assert.equal(client.session.url, router.url);
});

scripted('what an argument sends while it is written does not get in the way', undefined, async ({ router, client }) => {
  const inner = [];
  const argument = { toJSON: () => (inner.push(rejection(client.call('inner'))), 'written') };
  const outer = client.call('outer', [argument]);
  const call = await router.message(48);
  assert.deepEqual([call[3], call[4]], ['outer', ['written']]);
  router.send(50, call[1], {}, ['answer']);
  assert.equal(await settles(outer, 'call()'), 'answer');
  for (const failure of inner) assert.ok((await failure) instanceof TypeError);
  await stillWorks(router, client);
  const ids = router.received.filter(([code]) => code === 48).map(([, request]) => request);
  assert.deepEqual(ids, [1, 2]);
});

scripted('two may wait until a handler has seen everything', undefined, async ({ router, client }) => {
  let finish;
  const subscribing = client.subscribe('t', () => new Promise((resolve) => (finish = resolve)));
  router.send(33, (await router.message(32))[1], 5);
  const subscription = await subscribing;
  router.send(36, 5, 1, {}, ['x']);
  await stillWorks(router, client);
  const both = Promise.all([subscription.drain(), subscription.drain()]);
  router.send(35, (await router.message(34))[1]);
  await stillWorks(router, client);
  finish();
  await settles(both, 'drain()');
});

// ---- listeners ----------------------------------------------------------------------------

scripted('a client that is closed from a listener of traces has ended as it was asked to', undefined, async ({ router, client }) => {
  client.addEventListener('trace', () => void client.close());
  const ends = [];
  client.addEventListener('close', ({ detail }) => ends.push(detail));
  client.call('p').catch(() => {});
  await router.message(6);
  await settles(client.close(), 'close()');
  assert.deepEqual(ends, [{}]);
}, { reconnect: { initialDelay: 1 } });

scripted('what a listener of traces asks for while the client closes does not open it again', undefined, async ({ router, client }) => {
  let late;
  client.addEventListener('trace', ({ detail: { message } }) => message[0] === 6 && (late ??= rejection(client.call('late'))));
  const states = [];
  client.addEventListener('statechange', ({ detail }) => states.push(detail.state));
  await client.close();
  assert.ok((await late) instanceof ConnectionLostError);
  assert.deepEqual(states, ['closed']);
  assert.equal(router.received.filter(([code]) => code === 1).length, 1);
});

scripted('what a listener of traces asks for while a session breaks off waits for the next one, of which there is one', undefined, async ({ router, client }) => {
  let late;
  client.addEventListener('trace', ({ detail: { message } }) => message[0] === 3 && (late ??= client.call('late')));
  router.sendRaw('nonsense');
  router.send(50, (await router.message(48))[1], {}, ['answer']);
  assert.equal(await late, 'answer');
  assert.equal(router.received.filter(([code]) => code === 1).length, 2);
}, { reconnect: { initialDelay: 1 } });

test('what is given up while others that waited are sent is not sent', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  const client = new Client(router.url, { realm: 'realm1', serializers: ['json'] });
  t.after(() => client.close());
  const abort = new AbortController();
  client.addEventListener('trace', ({ detail: { message } }) => message[3] === 'first' && abort.abort('given up'));
  client.call('first').catch(() => {});
  assert.equal(await rejection(client.call('second', [], { signal: abort.signal })), 'given up');
  await router.message(48);
  await stillWorks(router, client);
  assert.deepEqual(router.received.filter(([code]) => code === 48).map((call) => call[3]), ['first', 'alive']);
});

test('a function for traces that throws loses no message', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  uncaught(t);
  const debug = () => {
    throw new Error('full');
  };
  const client = await settles(connect(router.url, { realm: 'realm1', serializers: ['json'], reconnect: false, debug }), 'connect()');
  await settles(stillWorks(router, client), 'a call');
  await client.close();
  await turn();
});

// ---- routers --------------------------------------------------------------------------------

test('an invocation before anything is registered is refused, and ends nothing', async (t) => {
  const router = await startScripted((message, send) => {
    if (message[0] !== 1) return false;
    send(2, 4711, { roles: { dealer: {} }, authmethod: 'anonymous' });
    send(68, 1, 6, {});
    send(36, 5, 7, {});
    return true;
  });
  t.after(() => router.stop());
  let verified;
  const auth = { method: 'anonymous', verify: () => new Promise((resolve) => (verified = resolve)) };
  const thrown = uncaught(t);
  const connecting = connect(router.url, { realm: 'realm1', serializers: ['json'], reconnect: false, auth });
  while (!verified) await turn();
  for (let i = 0; i < 20; i++) await turn();
  verified();
  const client = await connecting;
  t.after(() => client.close());
  await stillWorks(router, client);
  assert.deepEqual(thrown, []);
});

scripted('a procedure that another session still has is no longer asked for when nobody wants it', undefined, async ({ router, client }) => {
  const registration = await registered(router, client, () => {});
  router.script = (message, send) => message[0] === 64 && (send(8, 64, message[1], {}, 'wamp.error.procedure_already_exists'), true);
  router.drop();
  await router.message(64, 2);
  await stillWorks(router, client);
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  await registration.unregister();
  const after = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  assert.equal(after, before - 1);
}, { reconnect: { initialDelay: 1 }, heartbeat: false });

scripted('a procedure that is given up between two questions leaves no timer behind', undefined, async ({ router, client }) => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const abort = new AbortController();
  const registering = rejection(client.register('p', () => {}, { signal: abort.signal }));
  await router.message(64);
  router.drop();
  router.send(8, 64, (await router.message(64, 2))[1], {}, 'wamp.error.procedure_already_exists');
  await stillWorks(router, client);
  await turn();
  const before = timers();
  abort.abort('never mind');
  assert.equal(await registering, 'never mind');
  assert.equal(timers(), before - 1);
}, { reconnect: { initialDelay: 1 }, heartbeat: false });

scripted('a procedure that is given up while it is asked for is asked for no more', undefined, async ({ router, client }) => {
  const registration = await registered(router, client, () => {});
  router.drop();
  const [, request] = await router.message(64, 2);
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  await stillWorks(router, client);
  const before = timers();
  await registration.unregister();
  router.send(8, 64, request, {}, 'wamp.error.procedure_already_exists');
  await stillWorks(router, client);
  assert.equal(timers(), before);
}, { reconnect: { initialDelay: 1 }, heartbeat: false });

scripted('a procedure is had in the end though the session that asked for it was lost', undefined, async ({ router, client }) => {
  const registering = client.register('p', () => {});
  await router.message(64);
  router.drop();
  router.send(8, 64, (await router.message(64, 2))[1], {}, 'wamp.error.procedure_already_exists');
  router.send(65, (await router.message(64, 3))[1], 6);
  assert.equal((await registering).id, 6);
  const refused = client.register('q', () => {});
  router.send(8, 64, (await router.message(64, 4))[1], {}, 'wamp.error.procedure_already_exists');
  assert.equal((await rejection(refused)).uri, 'wamp.error.procedure_already_exists');
}, { reconnect: { initialDelay: 1 } });

scripted('a subscription that is taken away while it is asked for again is one, not two', undefined, async ({ router, client }) => {
  const seen = [];
  const first = client.subscribe('t', () => seen.push('first'));
  router.send(33, (await router.message(32))[1], 5);
  await first;
  const second = client.subscribe('t', () => seen.push('second'), { getRetained: true });
  await router.message(32, 2);
  router.send(35, 0, { subscription: 5, reason: 'wamp.close.revoked' });
  await (await first).closed;
  const third = client.subscribe('t', () => seen.push('third'));
  for (const count of [2, 3]) router.send(33, (await router.message(32, count))[1], 8);
  await Promise.all([second, third]);
  router.send(36, 8, 1, {}, []);
  await stillWorks(router, client);
  assert.deepEqual(seen, ['second', 'third']);
});

scripted('a call that nothing holds up has all of its time', undefined, async ({ router, client }) => {
  const { now } = Date;
  let clock = now();
  Date.now = () => clock++;
  try {
    client.call('p', [], { timeout: 60_000 }).catch(() => {});
  } finally {
    Date.now = now;
  }
  assert.equal((await router.message(48))[2].timeout, 60_000);
});

scripted('a call without end may say so', undefined, async ({ router, client }) => {
  client.call('p', [], { timeout: Infinity }).catch(() => {});
  assert.deepEqual((await router.message(48))[2], {});
});
