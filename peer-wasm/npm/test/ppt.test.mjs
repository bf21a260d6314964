// Payload passthru, against the real router: over each serializer of the session, with each serializer of the payload.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WampError, connect } from 'wamplex';
import { passthru } from 'wamplex/passthru';
import { startRouter } from './router.mjs';
import { rejection, scripted } from './scripted.mjs';

let router;
before(async () => (router = await startRouter()));
after(() => router.stop());

const NAMES = ['json', 'msgpack', 'cbor'];
const values = [null, true, -1, 2 ** 40, 9007199254740993n, 0.5, 'wörter 漢字 😀', Uint8Array.of(0, 1, 255), [], { a: { b: [1, null] } }];

async function open(t, options = {}) {
  const client = await connect(router.url, { realm: 'realm1', ...options });
  t.after(() => client.close());
  return client;
}

/** The first event that a client gets of this topic. */
function first(client, topic) {
  let arrived;
  const event = new Promise((resolve) => (arrived = resolve));
  return { event, subscribed: client.subscribe(topic, arrived) };
}

/** XOR is no cipher, but it shows who was asked. */
const xor = (bytes) => bytes.map((byte) => byte ^ 0x55);
const secret = { scheme: 'x_secret', encode: (bytes) => xor(bytes), decode: (bytes) => xor(bytes) };

for (const session of NAMES) {
  for (const serializer of NAMES) {
    test(`${serializer} in a session in ${session}: an event`, async (t) => {
      const ppt = { scheme: 'x_test', serializer };
      const [alice, bob, plain] = await Promise.all([
        open(t, { serializers: [session], passthru: passthru() }), open(t, { passthru: passthru() }), open(t),
      ]);
      const unpacked = first(alice, 'com.ppt.topic');
      const packed = first(plain, 'com.ppt.topic');
      await Promise.all([unpacked.subscribed, packed.subscribed]);
      await bob.publish('com.ppt.topic', undefined, { args: values, kwargs: { values }, ppt, acknowledge: true });
      const { args, kwargs, details } = await unpacked.event;
      assert.deepEqual([args, kwargs], [values, { values }]);
      assert.deepEqual([details.ppt_scheme, details.ppt_serializer], ['x_test', serializer]);
      const raw = await packed.event;
      assert.equal(raw.args.length, 1);
      assert.ok(raw.data instanceof Uint8Array);
      assert.deepEqual(raw.kwargs, {});
    });

    test(`${serializer} in a session in ${session}: a call, its progress, its result and its error`, async (t) => {
      const ppt = { scheme: 'x_test', serializer };
      const [callee, caller] = await Promise.all([open(t, { passthru: passthru() }), open(t, { serializers: [session], passthru: passthru() })]);
      await callee.register('com.ppt.echo', async function* (args, inv) {
        if (args[0] === 'fail') throw new WampError('com.ppt.failed', { args: values, kwargs: { values } });
        for (const value of args) yield value;
        return inv.result({ args, kwargs: { ...inv.kwargs, scheme: inv.details.ppt_scheme } });
      });
      const job = caller.stream('com.ppt.echo', values, { kwargs: { values }, ppt });
      const progress = [];
      for await (const value of job) progress.push(value);
      assert.deepEqual(progress, values);
      const { args, kwargs, details } = await job.raw;
      assert.deepEqual([args, kwargs], [values, { values, scheme: 'x_test' }]);
      // The answer went the way that the call took.
      assert.deepEqual([details.ppt_scheme, details.ppt_serializer], ['x_test', serializer]);
      const error = await rejection(caller.call('com.ppt.echo', ['fail'], { ppt }));
      assert.deepEqual([error.uri, error.args, error.kwargs], ['com.ppt.failed', values, { values }]);
      assert.equal(error.details.ppt_serializer, serializer);
    });
  }
}

test('arguments that come in pieces are packed each', async (t) => {
  const [callee, caller] = await Promise.all([open(t, { passthru: passthru() }), open(t, { passthru: passthru() })]);
  await callee.register('com.ppt.sum', async ([sum], inv) => {
    for await (const { args } of inv.input) sum += args[0];
    return sum;
  });
  assert.equal(await caller.stream('com.ppt.sum', [1], { input: [[2], [3]], ppt: { scheme: 'x_test', serializer: 'cbor' } }).result, 6);
});

test('a callee may choose its own way', async (t) => {
  const [callee, caller] = await Promise.all([open(t, { passthru: passthru() }), open(t, { passthru: passthru() })]);
  await callee.register('com.ppt.own', () => 1, { ppt: { scheme: 'x_own', serializer: 'msgpack', keyid: 'k' } });
  const { args, details } = await caller.callRaw('com.ppt.own');
  assert.deepEqual([args, details.ppt_scheme, details.ppt_serializer, details.ppt_keyid], [[1], 'x_own', 'msgpack', 'k']);
});

test('an error that cannot take the way of the answers takes the open one', async (t) => {
  const [callee, caller] = await Promise.all([open(t, { passthru: passthru() }), open(t)]);
  callee.addEventListener('error', (event) => event.preventDefault());
  await callee.register('com.ppt.bytes', ([bytes]) => bytes, { ppt: { scheme: 'x_bytes' } });
  assert.deepEqual(await caller.call('com.ppt.bytes', [Uint8Array.of(1)]), Uint8Array.of(1));
  const error = await rejection(caller.call('com.ppt.bytes', ['text']));
  assert.equal(error.uri, 'wamp.error.runtime_error');
  assert.match(error.message, /one binary value/);
});

test('without passthru() the payload is one binary value of the application', async (t) => {
  const [alice, bob] = await Promise.all([open(t), open(t)]);
  await alice.register('com.ppt.raw', ([bytes], { details }) => [bytes, details.ppt_cipher]);
  const ppt = { scheme: 'wamp', serializer: 'cbor', cipher: 'aes256gcm', keyid: '0x1' };
  assert.deepEqual(await bob.call('com.ppt.raw', [Uint8Array.of(1, 2)], { ppt }), [Uint8Array.of(1, 2), 'aes256gcm']);
});

test('a codec encrypts what is packed, and decrypts what arrives', async (t) => {
  const ppt = { scheme: 'x_secret', serializer: 'cbor', cipher: 'xor', keyid: '1' };
  const [alice, bob, eve] = await Promise.all([open(t, { passthru: passthru(secret) }), open(t, { passthru: passthru(secret) }), open(t, { passthru: passthru() })]);
  const known = first(alice, 'com.ppt.secret');
  const unknown = first(eve, 'com.ppt.secret');
  await Promise.all([known.subscribed, unknown.subscribed]);
  await bob.publish('com.ppt.secret', 'hidden', { ppt, acknowledge: true });
  assert.equal((await known.event).data, 'hidden');
  const { data, details } = await unknown.event;
  assert.ok(data instanceof Uint8Array && !Buffer.from(data).includes('hidden'));
  assert.deepEqual([details.ppt_cipher, details.ppt_keyid], ['xor', '1']);
});

test('what cannot be packed is refused before it is sent, and what cannot be unpacked arrives as it is', async (t) => {
  const [alice, bob] = await Promise.all([open(t, { passthru: passthru({ ...secret, decode: () => { throw new Error('wrong key'); } }) }), open(t, { passthru: passthru(secret) })]);
  for (const ppt of [{ scheme: 'x_test', serializer: 'ubjson' }, { scheme: 'x_test' }, { scheme: 'x_test', serializer: 'cbor', cipher: 'aes256gcm' }]) {
    await assert.rejects(bob.call('com.ppt.any', ['text'], { ppt }), /one binary value/);
    await assert.rejects(bob.publish('com.ppt.any', 'text', { ppt }), TypeError);
  }
  await assert.rejects(bob.publish('com.ppt.any', 'text', { ppt: { scheme: 1 } }), /ppt_scheme must be a string/);
  await alice.register('com.ppt.any', ([value]) => value instanceof Uint8Array);
  assert.equal(await bob.call('com.ppt.any', ['text'], { ppt: { scheme: 'x_secret', serializer: 'cbor' } }), true);
});

scripted('what others send', undefined, async ({ router, client }) => {
  const seen = [];
  const subscribing = client.subscribe('t', ({ args, kwargs }) => seen.push([args, kwargs]));
  router.send(33, (await router.message(32))[1], 5);
  await subscribing;
  const ppt = (details, ...payload) => router.send(36, 5, 1, { ppt_scheme: 'x_y', ...details }, ...payload);
  const binary = (bytes) => `\0${Buffer.from(bytes).toString('base64')}`;
  const json = { ppt_serializer: 'json' };
  ppt(json, [binary('{"args":[1]}')]);
  ppt(json, [binary('{"kwargs":{"a":1}}')]);
  ppt(json, [binary('{}')]);
  // In the place of the arguments, as older peers send it.
  ppt(json, binary('{"args":[2]}'));
  // Not what it says, not a payload, not binary.
  for (const bad of ['{', '[1]', '1', '{"args":1}', '{"kwargs":[]}']) ppt(json, [binary(bad)]);
  ppt({ ppt_serializer: 'cbor' }, [binary([0xa1])]);
  ppt(json, ['text']);
  ppt({ ppt_scheme: '' }, ['open']);
  while (seen.length < 12) await new Promise(setImmediate);
  assert.deepEqual(seen.slice(0, 4), [[[1], {}], [[], { a: 1 }], [[], {}], [[2], {}]]);
  for (const [[value], kwargs] of seen.slice(4, 10)) assert.ok(value instanceof Uint8Array && Object.keys(kwargs).length === 0);
  assert.deepEqual(seen.slice(10), [[['text'], {}], [['open'], {}]]);
}, { passthru: passthru() });
