// Connecting, against a router that misbehaves on purpose.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthError, Client, ConnectionLostError, TimeoutError, WampError, auth, connect } from 'wamplex';
import * as slim from 'wamplex/slim';
import { rejection, scripted, startScripted } from './scripted.mjs';

/** As little as can be compiled. */
const NO_MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
const turn = () => new Promise((resolve) => setImmediate(resolve));

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

test('a socket that says that it has failed, and never that it is closed, has failed', async () => {
  // The global WebSocket of Node 22 goes on connecting for ever then.
  for (const [{ connect: connectBy, ConnectionLostError: Lost }, loadFirst] of [[{ connect, ConnectionLostError }, true], [slim, false]]) {
    const socket = { readyState: 0, protocol: '', send() {}, close() {} };
    let load;
    const wasm = new Promise((resolve) => (load = () => resolve(NO_MODULE)));
    const failure = rejection(connectBy('ws://127.0.0.1/', { realm: 'realm1', connectTimeout: 60_000, reconnect: false, webSocket: () => socket, wasm }));
    while (loadFirst ? !socket.onclose : !socket.onerror) await turn();
    socket.onerror({ message: 'nobody is there' });
    // It is told a turn later.
    await new Promise((resolve) => setTimeout(resolve));
    load();
    const error = await failure;
    assert.ok(error instanceof Lost, String(error));
    assert.match(error.message, /nobody is there/);
  }
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
  // The router need not know why.
  assert.deepEqual((await router.message(3)).slice(1), [{}, 'wamp.error.authentication_failed']);
});

test('addresses are tried in order', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  const client = await connect(['ws://127.0.0.1:1/', { url: new URL(router.url), serializers: ['json'] }], { realm: 'realm1' });
  assert.equal(client.session.url, router.url);
  await client.close();
  const error = await rejection(connect('ws://127.0.0.1:1/', { realm: 'realm1', reconnect: false }));
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
