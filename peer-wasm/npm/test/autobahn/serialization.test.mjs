// Values over every serializer, as AutobahnJS documents them: the same tests for both.
import assert from 'node:assert/strict';
import { both, closed, opened, ours, oursOnly, rejection, thrown } from './modules.mjs';

const SERIALIZERS = { json: 'JSONSerializer', msgpack: 'MsgpackSerializer', cbor: 'CBORSerializer' };

const VALUES = [
  null, true, false, 0, 1, -1, 127, 128, 255, 65536, -32769, 2 ** 31, -(2 ** 40), 2 ** 53 - 1, 0.5, -1.25e-7, 1e300,
  '', 'text', 'ü€\u{1f600}', 'x'.repeat(70_000), [], [1, [2, [3]]], {}, { a: { b: [null] }, ü: 1 }, Array.from({ length: 300 }, (_, i) => i),
];

for (const [name, type] of Object.entries(SERIALIZERS)) {
  both(`${name}: values come back as they were`, async ({ open, autobahn }) => {
    const { session, connection } = await open({ serializers: [new autobahn.serializer[type]()] });
    assert.equal(connection.transport.info.protocol, `wamp.2.${name}`);
    await session.register(`com.test.echo.${name}`, (args, kwargs) => new autobahn.Result(args, kwargs));
    const { args, kwargs } = await session.call(`com.test.echo.${name}`, VALUES, { all: VALUES });
    assert.deepEqual([args, kwargs], [VALUES, { all: VALUES }]);
    for (const value of VALUES) assert.deepEqual(await session.call(`com.test.echo.${name}`, [value]), value);
  });

  both(`${name}: events and errors, too`, async ({ open, autobahn }) => {
    const { session } = await open({ serializers: [new autobahn.serializer[type]()] });
    const event = new Promise((resolve) => session.subscribe(`com.test.values.${name}`, (args, kwargs) => resolve([args, kwargs])).then(() => {
      session.publish(`com.test.values.${name}`, VALUES, { all: VALUES }, { exclude_me: false });
    }));
    assert.deepEqual(await event, [VALUES, { all: VALUES }]);
    await session.register(`com.test.fail.${name}`, (args, kwargs) => { throw new autobahn.Error('com.test.error', args, kwargs); });
    const error = await rejection(session.call(`com.test.fail.${name}`, VALUES, { all: VALUES }));
    assert.deepEqual([error.error, error.args, error.kwargs], ['com.test.error', VALUES, { all: VALUES }]);
  });

  oursOnly(`${name}: binary and large integers`, async ({ open, autobahn }) => {
    const serializers = [new autobahn.serializer[type]()];
    const { session } = await open({ serializers });
    await session.register(`com.test.binary.${name}`, ([value]) => value);
    const call = (value) => session.call(`com.test.binary.${name}`, [value]);
    assert.deepEqual(await call(Uint8Array.of(0, 1, 255)), Uint8Array.of(0, 1, 255));
    assert.equal(await call(2n ** 60n + 1n), 2 ** 60, 'as a number');
    const { session: exact } = await open({ serializers, client: { bigint: 'auto' } });
    await exact.register(`com.test.exact.${name}`, ([value]) => value);
    assert.equal(await exact.call(`com.test.exact.${name}`, [2n ** 60n + 1n]), 2n ** 60n + 1n);
  });
}

both('JSON comes first where nothing is said', async ({ open }) => {
  const { connection } = await open();
  assert.equal(connection.transport.info.protocol, 'wamp.2.json');
});

both('of several serializers the first is preferred', async ({ open, autobahn: { serializer } }) => {
  const { connection } = await open({ serializers: [new serializer.CBORSerializer(), new serializer.JSONSerializer()] });
  assert.equal(connection.transport.info.protocol, 'wamp.2.cbor');
});

both('subprotocols may be named instead', async ({ open }) => {
  const { connection } = await open({ protocols: ['wamp.2.msgpack'] });
  assert.equal(connection.transport.info.protocol, 'wamp.2.msgpack');
});

both('serializers may be those of a transport', async ({ open, autobahn: { serializer }, connection }) => {
  const { connection: plain } = await open();
  const { url } = plain.transport.info;
  const made = await connection({ transports: [{ type: 'websocket', url, serializers: [new serializer.MsgpackSerializer()] }] });
  await opened(made);
  assert.deepEqual(made.transport.info, { type: 'websocket', url, protocol: 'wamp.2.msgpack' });
});

both('replacer and reviver of JSON see what is sent and received', async ({ open, autobahn: { serializer } }) => {
  const replacer = (key, value) => (typeof value === 'number' && value < 0 ? { minus: -value } : value);
  const reviver = (key, value) => (value?.minus ? `-${value.minus}` : value);
  const { session } = await open({ serializers: [new serializer.JSONSerializer(replacer, reviver)] });
  const { session: plain } = await open();
  const seen = [];
  await session.register('com.test.reviver', (args, kwargs) => {
    seen.push(args, kwargs);
    return [-3];
  });
  assert.deepEqual(await session.call('com.test.reviver', [-1, 1], { a: -2 }), ['-3']);
  assert.deepEqual(seen, [['-1', 1], { a: '-2' }]);
  assert.deepEqual(await plain.call('com.test.reviver'), [{ minus: 3 }]);
  const event = new Promise((resolve) => plain.subscribe('com.test.reviver', resolve).then(() => session.publish('com.test.reviver', [-4])));
  assert.deepEqual(await event, [{ minus: 4 }]);
});

both('binary in JSON, by replacer and reviver as the specification has it', async ({ open, autobahn: { serializer } }) => {
  const replacer = (key, value) => (value?.type === 'Buffer' ? `\0${Buffer.from(value.data).toString('base64')}` : value);
  const reviver = (key, value) => (typeof value === 'string' && value[0] === '\0' ? Buffer.from(value.slice(1), 'base64') : value);
  const { session } = await open({ serializers: [new serializer.JSONSerializer(replacer, reviver)] });
  await session.register('com.test.json.binary', ([bytes]) => [Buffer.isBuffer(bytes), bytes]);
  const [is, bytes] = await session.call('com.test.json.binary', [Buffer.from([1, 2, 3])]);
  assert.equal(is, true);
  assert.deepEqual([...bytes], [1, 2, 3]);
});

both('serializers say what they are', ({ autobahn: { serializer } }) => {
  for (const [name, type] of Object.entries(SERIALIZERS)) {
    const { SERIALIZER_ID, BINARY } = new serializer[type]();
    assert.deepEqual([SERIALIZER_ID, BINARY], [name, name !== 'json']);
  }
  const json = new serializer.JSONSerializer((key, value) => (key === 'a' ? 2 : value), (key, value) => (key === 'b' ? 3 : value));
  assert.equal(json.serialize({ a: 1, b: 1 }), '{"a":2,"b":1}');
  assert.deepEqual(json.unserialize('{"a":1,"b":1}'), { a: 1, b: 3 });
  assert.deepEqual([typeof json.replacer, typeof json.reviver], ['function', 'function']);
});

oursOnly('a serializer that nobody knows is refused', async ({ connection }) => {
  const told = [];
  const made = await connection({ serializers: [{ SERIALIZER_ID: 'ubjson' }], on_internal_error: (error) => told.push(error.message) });
  const over = closed(made);
  made.open();
  assert.equal((await over).reason, 'unsupported');
  assert.deepEqual(told, ['none of the serializers ubjson is known: use json, msgpack or cbor']);
});

oursOnly('what cannot be sent is told, whoever sends it', async ({ open }) => {
  const told = [];
  const { session } = await open({ on_internal_error: (error) => told.push(error), on_user_error: (error) => told.push(error) });
  const odd = [() => {}];
  assert.ok(await rejection(session.call('com.test.odd', odd)));
  assert.ok(await rejection(session.publish('com.test.odd', odd, {}, { acknowledge: true })));
  session.publish('com.test.odd', odd);
  await session.register('com.test.odd', (args, kwargs, { progress }) => {
    progress?.(odd);
    return odd[0];
  });
  const error = await rejection(session.call('com.test.odd', [], {}, { receive_progress: true }));
  assert.equal(error.error, 'wamp.error.runtime_error');
  assert.equal(told.length >= 3, true);
  assert.ok(session.isOpen);
});

oursOnly('a serializer of one\'s own counts by its name', async ({ open }) => {
  const { connection } = await open({ serializers: [{ SERIALIZER_ID: 'cbor', serialize() {}, unserialize() {} }] });
  assert.equal(connection.transport.info.protocol, 'wamp.2.cbor');
  assert.equal(String(thrown(() => ours.transports.get('nothing'))), 'no such transport: nothing');
});
