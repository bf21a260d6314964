// What can go wrong before there is a session: each has a type and one sentence, and nothing is left that nobody catches.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { AuthError, Client, ConnectionLostError, TimeoutError, WampError, connect } from 'wamplex';
import * as slim from 'wamplex/slim';
import { WebSocketServer } from 'ws';
import { startRouter } from './router.mjs';
import { NOWHERE, rejection, startScripted } from './scripted.mjs';

const unhandled = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(unhandled, []);
});

/** If it were tried again, no test would end. */
const AT_ONCE = { realm: 'realm1', connectTimeout: 86_400_000 };
const ONE_TRY = { realm: 'realm1', reconnect: false };

let router;
before(async () => (router = await startRouter()));
after(() => router.stop());

/** Checks a failure, which has to be one sentence. */
function check(error, type, sentence, what) {
  assert.equal(error.constructor, type, `${what}: ${error}`);
  assert.match(error.message, sentence, what);
  assert.doesNotMatch(error.message, /\n|undefined|\[object|\. /, what);
  assert.ok(error.message.length < 200, error.message);
}

test('an address that is none is refused when the client is made, and by connect()', async () => {
  for (const address of ['router.example:8080', 'localhost:8080/ws', 'ftp://router.example/', 'ws://', 'wss://router.example:99999/', 'ws://127.0.0.1/#ws', '', 8080, null, {}]) {
    const sentence = /^'.*' is no address of a WebSocket: it begins with ws:\/\/ or wss:\/\/$/;
    const error = await rejection(connect(address, AT_ONCE));
    assert.ok(error instanceof TypeError && sentence.test(error.message), String(error));
    assert.throws(() => new Client(address, AT_ONCE), TypeError, String(address));
  }
});

test('where nobody listens is said, after one try or after the last', async () => {
  const sentence = /^cannot connect to ws:\/\/127\.0\.0\.1:\d+\/: no WAMP router can be reached there \(code 1006.*\)$/;
  check(await rejection(connect(NOWHERE, ONE_TRY)), ConnectionLostError, sentence, 'once');
  const error = await rejection(connect(NOWHERE, { realm: 'realm1', connectTimeout: 100, reconnect: { initialDelay: 1 } }));
  assert.ok(error instanceof ConnectionLostError || error instanceof TimeoutError, String(error));
});

test('a server that speaks something else is said', async () => {
  check(await rejection(connect(`${router.url}/nothing`, ONE_TRY)), ConnectionLostError, /: no WAMP router can be reached there \(code 1006.*\)$/, 'no WebSocket');
});

for (const [what, chosen] of [['none', false], ['another', 'chat']]) {
  test(`a server that chooses ${what} of the subprotocols is not spoken to`, async (t) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => chosen });
    const received = [];
    server.on('connection', (socket) => socket.on('message', (data) => received.push(data)));
    await new Promise((resolve) => server.once('listening', resolve));
    t.after(() => new Promise((resolve) => {
      for (const client of server.clients) client.terminate();
      server.close(resolve);
    }));
    const error = await rejection(connect(`ws://127.0.0.1:${server.address().port}/`, ONE_TRY));
    assert.ok(error instanceof WampError, String(error));
    // Browsers that close such connections themselves do not say why.
    const sentence = error instanceof ConnectionLostError ? /^cannot connect to ws:.*: no WAMP router can be reached there \(code 1006.*\)$/ : /subprotocol/;
    check(error, error.constructor, sentence, what);
    assert.deepEqual(received, []);
  });
}

test('a router that refuses is heard at once, in its words', async (t) => {
  check(await rejection(connect(router.url, { ...AT_ONCE, realm: 'no.such.realm' })), WampError, /^wamp\.error\.no_such_realm: /, 'realm');
  for (const [uri, type] of [['wamp.error.authentication_failed', AuthError], ['wamp.error.not_authorized', AuthError], ['wamp.error.no_such_role', AuthError], ['wamp.error.no_such_realm', WampError]]) {
    const scripted = await startScripted((message, send) => {
      if (message[0] === 1) send(3, { message: 'not you' }, uri);
      return true;
    });
    t.after(() => scripted.stop());
    const error = await rejection(connect(scripted.url, { ...AT_ONCE, serializers: ['json'] }));
    check(error, type, /: not you$/, uri);
    assert.equal(error.uri, uri);
  }
});

test('a client that cannot connect says so to all who wait for it, and closes', async () => {
  const client = new Client(NOWHERE, ONE_TRY);
  const closed = new Promise((resolve) => client.addEventListener('close', ({ detail }) => resolve(detail)));
  const waiting = [client.ready(), client.call('p'), client.publish('t', 1, { acknowledge: true }), client.subscribe('t', () => {}), client.register('p', () => {}), client.stream('p').result];
  for (const error of await Promise.all(waiting.map(rejection))) assert.ok(error instanceof ConnectionLostError, String(error));
  assert.equal((await closed).cause.constructor, ConnectionLostError);
  assert.equal(client.state, 'closed');
});

test('a module that cannot be had, or is none, is said', async (t) => {
  const scripted = await startScripted();
  t.after(() => scripted.stop());
  const http = (url) => url.replace('ws', 'http');
  // Pages may only ask the server they have come from.
  const there = new URL('/nothing.wasm', globalThis.location?.href ?? http(router.url));
  const nowhere = new URL('wamplex.wasm', http(NOWHERE));
  for (const [wasm, type, sentence] of [
    [undefined, TypeError, /^wamplex\/slim brings no WebAssembly of its own: pass the option 'wasm'$/],
    [there.href, slim.WampError, /^cannot load http:.*: 404$/],
    [nowhere, slim.ConnectionLostError, /^cannot load http:.*\/wamplex\.wasm: ./],
    [new TextEncoder().encode('<!doctype html>'), slim.WampError, /^this is no WebAssembly that can be compiled: ./],
  ]) {
    const error = await rejection(slim.connect(scripted.url, { ...(type === slim.ConnectionLostError ? ONE_TRY : AT_ONCE), serializers: ['json'], wasm }));
    assert.equal(error.constructor, type, `${wasm}: ${error}`);
    assert.match(error.message, sentence);
  }
  assert.deepEqual(scripted.received, []);
});
