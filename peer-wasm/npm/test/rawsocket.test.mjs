// RawSocket, against the router, and against routers that misbehave on purpose.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ConnectionLostError, connect } from 'wamplex';
import { rawSocket } from 'wamplex/rawsocket';
import { startRouter } from './router.mjs';
import { rejection } from './scripted.mjs';

const folder = mkdtempSync(join(tmpdir(), 'wamplex-raw-'));
let router;
before(async () => {
  router = await startRouter(`[[listeners]]\naddress = "unix:${join(folder, 'socket')}"\n[[realms]]\nname = "realm1"\nmeta_api = "full"\n`);
});
after(async () => {
  await router.stop();
  rmSync(folder, { recursive: true });
});

const tcp = () => `tcp://${new URL(router.url).host}`;

for (const serializer of ['json', 'msgpack', 'cbor']) {
  test(`pain point 13: RawSocket speaks ${serializer}`, async (t) => {
    const client = await connect(tcp(), { realm: 'realm1', serializers: [serializer], webSocket: rawSocket() });
    t.after(() => client.close());
    assert.equal(client.session.serializer, serializer);
    await client.register(`raw.echo.${serializer}`, (args, inv) => inv.result({ args, kwargs: inv.kwargs }));
    const sent = ['text äöü', 1.5, 2n ** 60n, Uint8Array.of(0, 255), { deep: [null, true] }, 'x'.repeat(200_000)];
    const { args, kwargs } = await client.callRaw(`raw.echo.${serializer}`, { args: sent, kwargs: { a: 1 } });
    assert.deepEqual([args, kwargs], [sent, { a: 1 }]);
  });
}

test('a Unix socket does as well', async (t) => {
  const client = await connect(`unix://${join(folder, 'socket')}`, { realm: 'realm1', webSocket: rawSocket() });
  t.after(() => client.close());
  assert.ok((await client.call('wamp.session.count')) >= 1);
});

test('many messages at once arrive in order, however they are cut', async (t) => {
  const [publisher, subscriber] = await Promise.all([1, 2].map(() => connect(tcp(), { realm: 'realm1', webSocket: rawSocket() })));
  t.after(() => Promise.all([publisher.close(), subscriber.close()]));
  const seen = [];
  const all = new Promise((resolve) => {
    void subscriber.subscribe('raw.many', ({ data, args }) => seen.push(data) === 2000 && resolve(args)).then(() => {
      for (let i = 0; i < 2000; i++) void publisher.publish('raw.many', i, { args: ['x'.repeat(i)] });
    });
  });
  await all;
  assert.deepEqual(seen, Array.from({ length: 2000 }, (_, i) => i));
});

test('a lost connection is replaced', async (t) => {
  const client = await connect(tcp(), { realm: 'realm1', webSocket: rawSocket(), reconnect: { retry: () => 0 } });
  t.after(() => client.close());
  const { id } = client.session;
  const opened = new Promise((resolve) => client.addEventListener('open', ({ detail }) => resolve(detail), { once: true }));
  const other = await connect(router.url, { realm: 'realm1' });
  await other.call('wamp.session.kill', [id]);
  assert.notEqual((await opened).id, id);
  await other.close();
});

/** A router that answers the handshake with these bytes. */
async function answering(t, ...bytes) {
  const server = createServer((socket) => socket.on('error', () => {}).once('data', () => socket.end(Uint8Array.from(bytes)))).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return `tcp://127.0.0.1:${server.address().port}`;
}

for (const [what, bytes, message] of [
  ['no RawSocket', [72, 84, 84, 80], /this is not RawSocket/],
  ['a router that is full', [0x7f, 0x40, 0, 0], /too many connections/],
  ['a router that knows no serializer', [0x7f, 0x10, 0, 0], /supports none of the serializers/],
  ['a router that leaves', [0x7f], /ended before the handshake/],
  ['frames of an unknown kind', [0x7f, 0xf3, 0, 0, 7, 0, 0, 0], /kind 7/],
]) {
  test(`bad input: ${what}`, async (t) => {
    const error = await rejection(connect(await answering(t, ...bytes), { realm: 'realm1', webSocket: rawSocket(), reconnect: false }));
    assert.ok(error instanceof ConnectionLostError, String(error));
    assert.match(error.message, message);
  });
}

test('bad input: addresses', async () => {
  assert.match((await rejection(connect('ws://127.0.0.1:1/', { realm: 'realm1', webSocket: rawSocket(), reconnect: false }))).message, /begins with tcp:, tls: or unix:/);
  assert.match((await rejection(connect('tcp://127.0.0.1:1', { realm: 'realm1', webSocket: rawSocket(), reconnect: false }))).message, /ECONNREFUSED/);
  await assert.rejects(connect('tcp://127.0.0.1:1', { realm: 'realm1' }), /'tcp:\/\/127\.0\.0\.1:1' is no address of a WebSocket: it begins with ws:\/\/ or wss:\/\//);
  await assert.rejects(connect('nonsense', { realm: 'realm1' }), { name: 'TypeError' });
});

test('a message that is longer than the router takes ends the connection, and says so', async (t) => {
  const client = await connect(tcp(), { realm: 'realm1', webSocket: rawSocket(), reconnect: false });
  t.after(() => client.close());
  const error = await rejection(client.call('a', ['x'.repeat(17 << 20)]));
  assert.match(error.message, /longer than the \d+ that the router takes/);
});

test('a router that never ends does not keep the socket', async (t) => {
  const held = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    held.push(socket.on('error', () => {}));
    socket.once('data', () => socket.write(Uint8Array.of(0x7f, 0xf1, 0, 0)));
  }).listen(0, '127.0.0.1');
  t.after(() => {
    for (const socket of held) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  const socket = await rawSocket()(`tcp://127.0.0.1:${server.address().port}`, ['wamp.2.json']);
  const closed = new Promise((resolve) => (socket.onclose = resolve));
  socket.close();
  await closed;
  assert.equal(socket.readyState, 3);
});
