// What users of other WAMP clients suffered, by its number in the list we keep: none of it may come back.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { brotliCompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { AuthError, CanceledError, Client, ConnectionLostError, TimeoutError, WampError, auth, connect } from 'wamplex';
import { startProxy } from './proxy.mjs';
import { startRouter } from './router.mjs';
import { rejection, scripted, startScripted, stillWorks } from './scripted.mjs';

let router, proxy;
before(async () => {
  router = await startRouter();
  proxy = await startProxy(router.url);
});
after(() => Promise.all([proxy.stop(), router.stop()]));

const QUICKLY = { realm: 'realm1', reconnect: { initialDelay: 1, maxDelay: 20 } };
const next = (client, type) => new Promise((resolve) => client.addEventListener(type, ({ detail }) => resolve(detail), { once: true }));

/** A test with a client behind a proxy, and another one without. */
function pain(number, what, run, options = {}) {
  test(`pain point ${number}: ${what}`, async (t) => {
    const [client, other] = await Promise.all([connect(proxy.url, { ...QUICKLY, ...options }), connect(router.url, { realm: 'realm1' })]);
    t.after(() => Promise.all([client.close(), other.close()]));
    await run({ client, other, t, cut: () => proxy.connections.forEach((pair) => proxy.fail(pair, 'cut')) });
  });
}

pain(1, 'subscriptions and registrations come back by themselves', async ({ client, other, cut }) => {
  const events = client.events('pain.one');
  const first = events.next();
  const registration = await client.register('pain.one', () => 'served');
  await other.publish('pain.one', 1);
  assert.equal((await first).value.data, 1);
  cut();
  await next(client, 'open');
  while (!registration.active) await client.call('wamp.session.count');
  await other.publish('pain.one', 2);
  assert.equal((await events.next()).value.data, 2);
  assert.equal(await other.call('pain.one'), 'served');
});

pain(2, 'no call hangs when the connection drops', async ({ client, other, cut }) => {
  let called;
  const reached = new Promise((resolve) => (called = resolve));
  await other.register('pain.two', () => {
    called();
    return new Promise(() => {});
  });
  const failure = rejection(client.call('pain.two'));
  await reached;
  cut();
  assert.ok((await failure) instanceof ConnectionLostError);
});

pain(3, 'progressive results come with plain promises', async ({ client, other }) => {
  await other.register('pain.three', async function* () {
    yield 1;
    yield 2;
    return 3;
  });
  const job = client.stream('pain.three');
  const seen = [];
  for await (const value of job) seen.push(value);
  assert.deepEqual([...seen, await job.result], [1, 2, 3]);
  assert.ok(job.result instanceof Promise);
});

test('pain point 4: bundles for browsers without shims or configuration', async () => {
  const result = await build({
    stdin: { contents: "import { connect } from 'wamplex'; connect('/ws', { realm: 'realm1' });", resolveDir: import.meta.dirname ?? new URL('.', import.meta.url).pathname },
    bundle: true, minify: true, platform: 'browser', format: 'iife', write: false, metafile: true, logLevel: 'silent',
  });
  assert.deepEqual([result.warnings, result.errors], [[], []]);
  const [{ text }] = result.outputFiles;
  assert.doesNotMatch(text, /\brequire\(["']|node:|\bBuffer\b|process\.env/);
  // Nor with what only other runtimes need, or only those who authenticate.
  assert.deepEqual(Object.keys(result.metafile.inputs).filter((path) => path.includes('node_modules')), []);
  assert.doesNotMatch(text, /wamp-scram|cryptosign/);
});

test('pain point 5: the bundle is small, and growing it breaks the build', () => {
  const limits = JSON.parse(readFileSync(new URL('../size.json', import.meta.url), 'utf8'));
  const inline = readFileSync(new URL('../dist/inline.js', import.meta.url));
  assert.ok(brotliCompressSync(inline).length < 89_600, 'more than AutobahnJS');
  assert.ok(limits['inline.js'].br < 30_000);
});

pain(6, 'errors of connecting, subscribing and registering reach whoever asked', async ({ client, other }) => {
  assert.ok(WampError.is(await rejection(connect(router.url, { realm: 'no.such.realm' })), 'wamp.error.no_such_realm'));
  assert.ok(WampError.is(await rejection(client.subscribe('not a uri', () => {})), 'wamp.error.invalid_uri'));
  await other.register('pain.six', () => {});
  assert.ok(WampError.is(await rejection(client.register('pain.six', () => {})), 'wamp.error.procedure_already_exists'));
});

test('pain point 7: close() closes, at any time, and stops the retrying', async () => {
  const client = new Client('ws://127.0.0.1:1/', { realm: 'realm1', reconnect: { initialDelay: 2e6, maxDelay: 2e6, jitter: 'none' } });
  const failure = rejection(client.ready());
  await next(client, 'reconnecting');
  const closed = next(client, 'close');
  await client.close();
  assert.deepEqual([await closed, client.state], [{}, 'closed']);
  assert.ok((await failure) instanceof ConnectionLostError);
});

pain(8, 'calls have time limits on this side', async ({ client, other }) => {
  await other.register('pain.eight', (_, inv) => new Promise((_, reject) => inv.signal.addEventListener('abort', () => reject(inv.signal.reason))));
  assert.ok((await rejection(client.call('pain.eight', [], { timeout: 20 }))) instanceof TimeoutError);
  assert.equal((await rejection(client.call('pain.eight', [], { signal: AbortSignal.timeout(20) }))).name, 'TimeoutError');
  assert.equal(await client.call('wamp.session.count') > 0, true);
});

pain(9, 'a connection that died in silence is noticed and replaced', async ({ client }) => {
  // A machine that is busy is silent at times, too.
  const { id: before } = await client.ready();
  const cause = next(client, 'sessionlost');
  const opened = next(client, 'open');
  for (const pair of proxy.connections) {
    pair.near.pause();
    pair.far.pause();
  }
  assert.match((await cause).cause.message, /silent/);
  assert.notEqual((await opened).id, before);
}, { heartbeat: { interval: 20, timeout: 100 } });

pain(10, 'procedure_already_exists after a reconnect is only a question of time', async ({ client, other, cut }) => {
  const registration = await client.register('pain.ten', () => 'ours');
  client.addEventListener('error', ({ detail }) => assert.fail(detail.error));
  // Somebody takes the place of the router's memory of our lost session.
  const taken = new Promise((resolve) => client.addEventListener('sessionlost', async () => {
    for (;;) {
      const held = await other.register('pain.ten', () => 'theirs').catch(() => undefined);
      if (held) return resolve(held);
    }
  }, { once: true }));
  client.addEventListener('reconnecting', () => {}, { once: true });
  cut();
  const held = await taken;
  await client.ready();
  const states = new Set([registration.state]);
  await held.unregister();
  while (registration.state !== 'active') {
    states.add(registration.state);
    await client.call('wamp.session.count');
  }
  assert.ok(states.has('restoring') || registration.state === 'active');
  assert.equal(await other.call('pain.ten'), 'ours');
});

for (const serializers of [['json'], ['msgpack'], ['cbor']]) {
  pain(11, `large integers stay exact over ${serializers}`, async ({ client, other }) => {
    await other.register('pain.eleven', ([n]) => n);
    for (const n of [2 ** 53 - 1, -(2 ** 53) + 1, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n)]) {
      assert.equal(await client.call('pain.eleven', [n]), n);
    }
  }, { serializers });
  pain(12, `binary survives over ${serializers}`, async ({ client, other }) => {
    await other.register('pain.twelve', ([bytes]) => ({ bytes, also: bytes.buffer.slice(0) }));
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const { bytes: back } = await client.call('pain.twelve', [bytes]);
    assert.deepEqual([...back], [...bytes]);
    assert.ok(back instanceof Uint8Array);
  }, { serializers });
}

test('pain point 14: requests made a moment too early wait, and so do those made during a reconnect', async (t) => {
  const client = new Client(proxy.url, QUICKLY);
  t.after(() => client.close());
  assert.ok((await client.call('wamp.session.count')) >= 1);
  const during = new Promise((resolve) => client.addEventListener('sessionlost', () => resolve(client.call('wamp.session.count')), { once: true }));
  proxy.connections.forEach((pair) => proxy.fail(pair, 'cut'));
  assert.ok((await during) >= 1);
});

pain(15, 'the life of the connection is observable: why, when again, and that it is back', async ({ client, cut }) => {
  const [lost, again, opened] = [next(client, 'sessionlost'), next(client, 'reconnecting'), next(client, 'open')];
  cut();
  assert.ok((await lost).cause instanceof ConnectionLostError);
  const { attempt, delay, cause } = await again;
  assert.deepEqual([attempt, typeof delay, cause], [1, 'number', (await lost).cause]);
  assert.ok((await opened).id > 0);
});

pain(16, 'the application decides about retrying, and may take its time', async ({ client, cut }) => {
  const opened = next(client, 'open');
  cut();
  await opened;
  const closed = next(client, 'close');
  cut();
  assert.ok((await closed).cause instanceof ConnectionLostError);
}, {
  reconnect: {
    retry: (() => {
      let user = 0;
      return async () => ++user < 2 && 0;
    })(),
  },
});

scripted('pain point 17: a refusal for a passing reason can be retried', (message, send) => {
  if (message[0] === 1) send(4, 'ticket', {});
  if (message[0] === 5 && message[1] === 'stale') send(3, {}, 'wamp.error.authentication_failed');
  else if (message[0] === 5) send(2, 1, { roles: { broker: {} } });
  return message[0] !== 6;
}, async ({ client }) => {
  assert.equal(client.state, 'open');
}, {
  auth: auth.ticket({ authid: 'joe', ticket: (() => { let asked = 0; return () => (++asked < 3 ? 'stale' : 'fresh'); })() }),
  reconnect: { retry: (cause) => cause instanceof AuthError && 0 },
});

scripted('pain point 19: the options of a registration survive a reconnect', (message, send) => {
  if (message[0] === 64) send(65, message[1], 6);
}, async ({ router, client }) => {
  await client.register('p', () => {}, { match: 'wildcard', invoke: 'last', options: { x_own: true } });
  router.drop();
  assert.deepEqual((await router.message(64, 2))[2], (await router.message(64))[2]);
}, QUICKLY);

scripted('pain point 20: a failed re-registration is no unhandled rejection', (message, send) => {
  if (message[0] === 64) send(65, message[1], 6);
}, async ({ router, client }) => {
  await client.register('p', () => {});
  const rejections = [];
  const note = (reason) => rejections.push(reason);
  process.on('unhandledRejection', note);
  const told = new Promise((resolve) => client.addEventListener('error', (event) => {
    event.preventDefault();
    resolve(event.detail.where);
  }));
  router.script = (message, send) => {
    if (message[0] === 64) send(8, 64, message[1], {}, 'com.example.no');
  };
  router.drop();
  assert.equal(await told, 'reregister');
  await stillWorks(router, client);
  process.off('unhandledRejection', note);
  assert.deepEqual(rejections, []);
}, QUICKLY);

pain(21, 'events arrive after a reconnect, at handlers, iterators and patterns alike, and the gap is told', async ({ client, other, cut }) => {
  const arrived = [];
  let gaps = 0;
  for (const [topic, match] of [['pain.twenty.one', 'exact'], ['pain.twenty', 'prefix'], ['pain..one', 'wildcard']]) {
    await client.subscribe(topic, (event) => arrived.push([match, event.data]), { match, ongap: () => gaps++ });
  }
  const opened = next(client, 'open');
  cut();
  await opened;
  await client.call('wamp.session.count');
  await other.publish('pain.twenty.one', 'back', { acknowledge: true });
  await client.call('wamp.session.count');
  while (arrived.length < 3) await client.call('wamp.session.count');
  assert.deepEqual([arrived.sort(), gaps], [[['exact', 'back'], ['prefix', 'back'], ['wildcard', 'back']], 3]);
});

test('pain point 22: a router that chose no serializer of ours is not spoken to', async (t) => {
  const received = [];
  const webSocket = (url, protocols) => {
    const socket = { protocol: 'wamp.2.ubjson', readyState: 1, bufferedAmount: 0, send: (data) => received.push(data), close() {} };
    return socket;
  };
  const error = await rejection(connect('ws://127.0.0.1:1/', { realm: 'realm1', webSocket }));
  assert.ok(WampError.is(error, 'wamp.error.protocol_violation'), String(error));
  assert.match(error.message, /chose no WAMP subprotocol/);
  assert.deepEqual(received, []);
});

pain(25, 'canceling ends a call, not the session of the caller, nor that of the callee', async ({ client, other }) => {
  let interrupted;
  const stopped = new Promise((resolve) => (interrupted = resolve));
  await other.register('pain.twentyfive', (_, inv) => new Promise((_, reject) => inv.signal.addEventListener('abort', () => {
    interrupted(inv.signal.reason);
    reject(inv.signal.reason);
  })));
  const sessions = [client.session.id, other.session.id];
  const controller = new AbortController();
  const failure = rejection(client.call('pain.twentyfive', [], { signal: controller.signal, cancelMode: 'kill' }));
  await client.call('wamp.session.count');
  controller.abort(new Error('never mind'));
  assert.equal((await failure).message, 'never mind');
  assert.ok((await stopped) instanceof CanceledError);
  await Promise.all([client.call('wamp.session.count'), other.call('wamp.session.count')]);
  assert.deepEqual([client.session.id, other.session.id], sessions);
});

test('pain point 28: credentials are fresh at every reconnect, and a page that comes back does not wait', async (t) => {
  const scriptedRouter = await startScripted((message, send) => {
    if (message[0] === 1) send(4, 'ticket', {});
    if (message[0] === 5) send(2, 1, { roles: { broker: {} } });
    return message[0] !== 6;
  });
  const page = new EventTarget();
  for (const name of ['addEventListener', 'removeEventListener']) globalThis[name] = page[name].bind(page);
  let issued = 0;
  const client = await connect(scriptedRouter.url, {
    realm: 'realm1', serializers: ['json'], auth: auth.ticket({ authid: 'joe', ticket: () => `token ${++issued}` }),
    reconnect: { initialDelay: 2e6, maxDelay: 2e6, jitter: 'none' },
  });
  t.after(async () => {
    await client.close();
    delete globalThis.addEventListener;
    delete globalThis.removeEventListener;
    await scriptedRouter.stop();
  });
  const pausing = next(client, 'reconnecting');
  scriptedRouter.drop();
  await pausing;
  const opened = next(client, 'open');
  page.dispatchEvent(new Event('pageshow'));
  await opened;
  assert.deepEqual(scriptedRouter.received.filter((m) => m[0] === 5).map((m) => m[1]), ['token 1', 'token 2']);
  // Awake again with a session: it is asked for a sign of life at once.
  page.dispatchEvent(new Event('online'));
  assert.equal((await scriptedRouter.message(48))[3], 'wamp.session.count');
});

pain(29, 'what an iterator does not consume is bounded, and the loss is told', async ({ client, other }) => {
  const slow = next(client, 'slowconsumer');
  const subscription = await client.subscribe('pain.twentynine', { buffer: { max: 10 } });
  for (let i = 0; i < 50; i++) void other.publish('pain.twentynine', i);
  await other.publish('pain.twentynine', 50, { acknowledge: true });
  assert.equal((await slow).topic, 'pain.twentynine');
  while (subscription.dropped < 41) await client.call('wamp.session.count');
  const kept = [];
  for await (const { data } of subscription) {
    kept.push(data);
    if (data === 50) break;
  }
  assert.deepEqual(kept, [41, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
});
