// Several messages in one frame, with a router that shows its frames.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode as decodeMsgpack, encode as encodeMsgpack } from '@msgpack/msgpack';
import { Decoder, Encoder } from 'cbor-x';
import { ConnectionLostError, connect } from 'wamplex';
import { WebSocketServer } from 'ws';
import { startRouter } from './router.mjs';
import { rejection } from './scripted.mjs';

const cbor = { encoder: new Encoder({ mapsAsObjects: true, useRecords: false }), decoder: new Decoder({ mapsAsObjects: true, useRecords: false }) };
const FORMATS = {
  json: { encode: (value) => Buffer.from(JSON.stringify(value)), decode: (bytes) => JSON.parse(String(bytes)) },
  msgpack: { encode: (value) => Buffer.from(encodeMsgpack(value)), decode: decodeMsgpack },
  cbor: { encode: (value) => cbor.encoder.encode(value), decode: (bytes) => cbor.decoder.decode(bytes) },
};
const WELCOME = [2, 4711, { roles: { broker: {}, dealer: { features: { progressive_call_results: true } } } }];

/** A batch as the specification has it: separators behind JSON, lengths before everything else. */
function batchOf(serializer, messages, separator = 0x1e) {
  return Buffer.concat(messages.flatMap((message) => {
    const bytes = FORMATS[serializer].encode(message);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return serializer === 'json' ? [bytes, Buffer.of(separator)] : [length, bytes];
  }));
}

function messagesOf(serializer, batch) {
  const messages = [];
  for (let at = 0; at < batch.length; ) {
    let end = serializer === 'json' ? batch.indexOf(0x1e, at) : at + 4 + batch.readUInt32BE(at);
    if (serializer !== 'json') at += 4;
    assert.ok(end > at && end <= batch.length, 'a whole message');
    messages.push(FORMATS[serializer].decode(batch.subarray(at, end)));
    at = serializer === 'json' ? ++end : end;
  }
  return messages;
}

/** A router that says WELCOME and GOODBYE, and what it is told to; with a client. */
async function session(t, serializer) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, maxPayload: 1 << 26 });
  await new Promise((resolve) => server.once('listening', resolve));
  const frames = [];
  let waiting = [];
  let socket;
  const sendRaw = (data) => socket.send(data, { binary: serializer !== 'json' });
  const send = (...messages) => sendRaw(batchOf(serializer, messages));
  server.on('connection', (connected) => {
    socket = connected;
    connected.on('message', (data) => {
      const messages = messagesOf(serializer, data);
      frames.push(messages);
      for (const wake of waiting) wake();
      waiting = [];
      if (messages[0][0] === 1) send(WELCOME);
      if (messages.at(-1)[0] === 6) send([6, {}, 'wamp.close.goodbye_and_out']);
    });
  });
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const url = `ws://127.0.0.1:${server.address().port}/`;
  const client = await connect(url, { realm: 'realm1', serializers: [serializer], reconnect: false, heartbeat: false });
  t.after(() => client.close());
  assert.equal(socket.protocol, `wamp.2.${serializer}.batched`);
  assert.equal(client.session.serializer, serializer);
  frames.length = 0;
  /** Waits for this many messages, and returns those of each frame. */
  const until = async (count) => {
    while (frames.flat().length < count) await new Promise((resolve) => waiting.push(resolve));
    return frames;
  };
  return { client, send, sendRaw, until };
}

const publications = (from, to) => Array.from({ length: to - from }, (_, i) => [16, from + i, {}, 't', [from + i]]);

for (const serializer of Object.keys(FORMATS)) {
  test(`${serializer}: what is sent in one turn leaves as one frame, in order`, async (t) => {
    const { client, until } = await session(t, serializer);
    const all = Array.from({ length: 100 }, (_, i) => client.publish('t', i + 1));
    await Promise.all(all);
    await new Promise((resolve) => setImmediate(resolve));
    await client.publish('t', 101);
    const frames = await until(101);
    assert.deepEqual(frames, [publications(1, 101), publications(101, 102)]);
  });

  test(`${serializer}: messages of one frame arrive one by one, in order`, async (t) => {
    const { client, send, until } = await session(t, serializer);
    const seen = [];
    const subscribing = client.subscribe('t', (event) => seen.push(event.data));
    await until(1);
    send([33, 1, 5], [36, 5, 1, {}, ['first']], [36, 5, 2, {}, ['second']]);
    await subscribing;
    const called = client.call('p');
    await until(2);
    send([36, 5, 3, {}, ['third']], [50, 2, {}, ['result']]);
    assert.equal(await called, 'result');
    assert.deepEqual(seen, ['first', 'second', 'third']);
  });

  test(`${serializer}: answers to the invocations of one frame leave in one frame`, async (t) => {
    const { client, send, until } = await session(t, serializer);
    const registering = client.register('p', async ([x]) => x + 1);
    await until(1);
    send([65, 1, 7]);
    await registering;
    send(...Array.from({ length: 20 }, (_, i) => [68, i + 1, 7, {}, [i]]));
    const [, answers] = await until(21);
    assert.deepEqual(answers, Array.from({ length: 20 }, (_, i) => [70, i + 1, {}, [i + 1]]));
  });

  test(`${serializer}: what cannot be written or is not allowed leaves no trace between others`, async (t) => {
    const { client, until } = await session(t, serializer);
    const ok = client.publish('t', 1);
    const bad = [client.publish('t', () => {}), client.call('p', [Symbol('s')]), client.stream('p', [], { input: [[1]] }).result].map(rejection);
    const last = client.publish('t', 2);
    await Promise.all([ok, last]);
    for (const error of await Promise.all(bad)) assert.ok(error instanceof TypeError, String(error));
    assert.deepEqual((await until(2)).flat(), publications(1, 3));
  });

  test(`${serializer}: a message that is too large for a batch is sent alone`, async (t) => {
    const { client, until } = await session(t, serializer);
    const large = 'x'.repeat(300_000);
    const middling = 'y'.repeat(100_000);
    for (const data of ['a', 'b', large, 'c', middling, middling, middling, 'd']) void client.publish('t', data);
    const frames = await until(8);
    assert.deepEqual(frames.map((frame) => frame.map((message) => message[4][0][0])), [['a', 'b'], ['x'], ['c', 'y'], ['y'], ['y'], ['d']]);
  });

  test(`${serializer}: what was sent before leaves before GOODBYE`, async (t) => {
    const { client, until } = await session(t, serializer);
    void client.publish('t', 1);
    await client.close();
    assert.deepEqual((await until(2)).flat().map(([code]) => code), [16, 6]);
  });

  const empty = serializer === 'json' ? Buffer.of(0x1e) : Buffer.alloc(4);
  const whole = batchOf(serializer, [[36, 5, 1, {}]]);
  const broken = { 'an empty one': Buffer.alloc(0), 'an empty message': Buffer.concat([whole, empty]), 'one that is cut off': whole.subarray(0, -1), 'one without its framing': FORMATS[serializer].encode([36, 5, 1, {}]) };
  for (const [name, batch] of Object.entries(broken)) {
    test(`${serializer}: a malformed batch ends the session: ${name}`, async (t) => {
      const { client, sendRaw, until } = await session(t, serializer);
      const failure = rejection(client.call('p'));
      await until(1);
      sendRaw(batch);
      const error = await failure;
      assert.ok(error instanceof ConnectionLostError);
      assert.equal(error.uri, 'wamp.error.protocol_violation');
      assert.equal(error.message, `the router broke the protocol: not a message of wamp.2.${serializer}.batched`);
      assert.equal((await until(2)).flat().at(-1)[0], 3);
    });
  }
}

test('json: what Autobahn separates messages by is understood', async (t) => {
  const { client, sendRaw, until } = await session(t, 'json');
  const called = [client.call('p'), client.call('q')];
  await until(2);
  sendRaw(batchOf('json', [[50, 1, {}, ['p']], [50, 2, {}, ['q']]], 0x18));
  assert.deepEqual(await Promise.all(called), ['p', 'q']);
});

test('the router of Wamplex takes batches in every serializer', async (t) => {
  const router = await startRouter();
  t.after(() => router.stop());
  const { WebSocket } = await import('ws');
  for (const serializer of Object.keys(FORMATS)) {
    let socket;
    const webSocket = (url, protocols) => (socket = new WebSocket(url, protocols));
    const client = await connect(router.url, { realm: 'realm1', serializers: [serializer], webSocket });
    assert.equal(socket.protocol, `wamp.2.${serializer}.batched`);
    let frames = 0;
    const { send } = socket;
    socket.send = (...args) => {
      frames++;
      send.apply(socket, args);
    };
    const registration = await client.register('com.example.plus', ([x]) => x + 1);
    frames = 0;
    const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => client.call('com.example.plus', [i])));
    assert.deepEqual(answers, Array.from({ length: 500 }, (_, i) => i + 1));
    assert.ok(frames < 100, `${frames} frames for 500 calls and 500 answers`);
    await registration.unregister();
    await client.close();
  }
});
