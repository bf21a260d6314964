// MessagePack and CBOR, written by others, through the compiled core.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { encode as encodeMsgpack } from '@msgpack/msgpack';
import { Encoder as CborEncoder } from 'cbor-x';
import { source } from './sources.mjs';

const { MessageReader } = await source('decode/message.ts');
const { instance } = await WebAssembly.instantiate(await readFile(new URL('../dist/wamplex.wasm', import.meta.url)));
const cbor = new CborEncoder({ mapsAsObjects: true, useRecords: false });
const encoders = { msgpack: (value) => encodeMsgpack(value, { useBigInt64: true }), cbor: (value) => new Uint8Array(cbor.encode(value)) };
const hex = (digits) => new Uint8Array(Buffer.from(digits, 'hex'));

function readerOf(serializer, bigint = 'auto') {
  return new MessageReader(instance.exports, serializer, bigint);
}

const values = [
  null, true, false, '', 'abc', 'ä漢😀', '\ufeffx', 'x'.repeat(2000), 'wörter '.repeat(500), [], {}, [[[]]], 0.5, -0.1, 5e-324, NaN, Infinity,
  new Uint8Array(0), Uint8Array.of(1, 2, 255), new Uint8Array(70_000).fill(7), { a: { b: [1, { c: 'd' }] }, b: 'a' },
  Array.from({ length: 70_000 }, (_, i) => i % 7), Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`key ${i}`, i])),
  { [`${'long '.repeat(20)}key`]: 1, 'ключ': 2 },
  ...[4, 7, 8, 15, 16, 28, 31, 32, 40, 52].flatMap((bits) => [2 ** bits - 1, 2 ** bits, -(2 ** bits), -(2 ** bits) - 1]),
  2 ** 53 - 1, -(2 ** 53) + 1, 2n ** 53n + 1n, 2n ** 64n - 1n, -(2n ** 63n),
];

for (const [serializer, encode] of Object.entries(encoders)) {
  test(`${serializer}: every value is read, more than once, in one message and in many`, () => {
    const reader = readerOf(serializer);
    for (let i = 0; i < 2; i++) for (const value of values) assert.deepEqual(reader.read(encode([value]))[0], value);
    assert.deepEqual(reader.read(encode(values)), values);
  });

  test(`${serializer}: text that is no UTF-8 is no message, wherever it is broken`, () => {
    const text = (bytes) => [serializer === 'cbor' ? 0x60 + bytes.length : 0xa0 + bytes.length, ...bytes];
    const event = (...items) => Uint8Array.from([
      ...(serializer === 'cbor' ? [0x85, 0x18, 0x24, 1, 1, 0xa0, 0x80 + items.length] : [0x95, 0x24, 1, 1, 0x80, 0x90 + items.length]),
      ...items.flatMap(text),
    ]);
    const reader = readerOf(serializer);
    assert.deepEqual(reader.message(event([0xc3, 0xa4], [0x62]))[4], ['ä', 'b']);
    for (const items of [[[0xff]], [[0xc3]], [[0xc3], [0xa4]], [[0x61, 0xc3], [0xa4, 0x62]], [[0x62], [0xa4]], [[0xed, 0xa0, 0x80]]]) {
      assert.equal(reader.message(event(...items)), undefined, JSON.stringify(items));
    }
  });

  test(`${serializer}: keys and texts come out as they are, whatever failed before and however often they come`, () => {
    const reader = readerOf(serializer);
    const broken = encode([{ fresh: 'state', x: 1 }, { fresh: 'state', y: '?' }]);
    broken[broken.length - 1] = 0xff;
    assert.throws(() => reader.read(broken));
    for (const cut of [1, 5, 12]) assert.throws(() => reader.read(encode([{ fresh: 'state', [`key${cut}`]: 'state' }]).slice(0, -cut)));
    const rows = (n) => Array.from({ length: n }, (_, i) => ({ fresh: 'state', n: i, [`key${i % 40}`]: i % 3 ? 'a' : `a${i}`, inner: { fresh: null, on: i % 2 === 0 }, list: ['state', 'a\0', 'ä'] }));
    for (let i = 0; i < 30; i++) assert.deepEqual(reader.read(encode(rows(i * 5))), rows(i * 5));
    const wide = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`wide ${i}`, `v${i % 300}`]));
    for (let i = 0; i < 12; i++) assert.deepEqual(reader.read(encode([wide, ...rows(9)])), [wide, ...rows(9)]);
  });

  test(`${serializer}: a key named __proto__ is a key like any other`, () => {
    const value = readerOf(serializer).read(encode([JSON.parse('{"__proto__":{"x":1}}')]))[0];
    assert.deepEqual([Object.getPrototypeOf(value), Object.keys(value)], [Object.prototype, ['__proto__']]);
  });

  test(`${serializer}: only arguments follow the wish for bigint`, () => {
    const message = readerOf(serializer, 'always').message(encode([36, 1, 2, { n: 3 }, [1, 2n ** 40n], { k: -1 }]));
    assert.deepEqual(message, [36, 1, 2, { n: 3 }, [1n, 2n ** 40n], { k: -1n }]);
    assert.deepEqual(readerOf(serializer, 'never').read(encode([2n ** 64n - 1n])), [2 ** 64]);
  });

  test(`${serializer}: bytes that are cut off or continued are refused, and random ones do no harm`, () => {
    const reader = readerOf(serializer);
    const whole = encode([36, 1, 2, { topic: 'com.example' }, ['ä', 1.5, [2 ** 40], new Uint8Array(3)]]);
    for (let end = 0; end < whole.length; end++) assert.throws(() => reader.read(whole.slice(0, end)), `${end} bytes`);
    assert.throws(() => reader.read(Uint8Array.of(...whole, 0)));
    let seed = 1;
    const random = () => (seed = (seed * 48_271) % 0x7fff_ffff);
    for (let i = 0; i < 20_000; i++) {
      const changed = whole.slice();
      for (let n = random() % 4; n >= 0; n--) changed[random() % changed.length] = random();
      reader.message(changed);
    }
    assert.deepEqual(readerOf(serializer).read(whole)[4][0], 'ä');
  });
}

test('values may be nested, but not without end', () => {
  const nested = (list, levels) => Uint8Array.from([...Array(levels).fill(list), 1]);
  for (const [serializer, list, dict] of [['msgpack', 0x91, [0x81, 0xa1, 0x6b]], ['cbor', 0x81, [0xa1, 0x61, 0x6b]]]) {
    const reader = readerOf(serializer);
    let value = reader.read(nested(list, 128));
    for (let level = 0; level < 128; level++) [value] = value;
    assert.equal(value, 1);
    assert.equal(reader.read(Uint8Array.from([...Array(128).fill(dict).flat(), 1])).k !== undefined, true);
    for (const levels of [129, 200_000]) assert.throws(() => reader.read(nested(list, levels)), /malformed/);
    assert.deepEqual(reader.read(nested(list, 1)), [1]);
  }
  // Tags are passed over: that is no nesting.
  assert.equal(readerOf('cbor').read(nested(0xc6, 200_000)), 1);
});

test('the module begins with little memory', async () => {
  const fresh = await WebAssembly.instantiate(await readFile(new URL('../dist/wamplex.wasm', import.meta.url)));
  assert.ok(fresh.instance.exports.memory.buffer.byteLength <= 1 << 18);
});

test('extensions of MessagePack are binary', () => {
  for (const [digits, bytes] of [['d405aa', 'aa'], ['d505aabb', 'aabb'], ['c70305aabbcc', 'aabbcc'], ['c8000105aa', 'aa']]) {
    assert.deepEqual(readerOf('msgpack').read(hex(digits)), hex(bytes), digits);
  }
});

test('CBOR without lengths, with tags, halves and large integers', () => {
  const cases = {
    '7f61616162ff': 'ab', '5f4101420203ff': Uint8Array.of(1, 2, 3), '9f01ff': [1], 'bf616101ff': { a: 1 }, 'f93800': 0.5, 'fa3fc00000': 1.5,
    c24107: 7n, c25f41014100ff: 256n, c34107: -8n, '3bffffffffffffffff': -(2n ** 64n), c074323031332d30332d32315432303a30343a30305a: '2013-03-21T20:04:00Z',
    a10102: { 1: 2 }, f7: undefined, f820: undefined,
  };
  for (const [digits, value] of Object.entries(cases)) assert.deepEqual(readerOf('cbor').read(hex(digits)), value, digits);
  for (const digits of ['7f61c361a4ff', '7f4161ff', '7f7f6161ffff', '1f', 'ff', 'f81f', '1c', 'df01']) assert.equal(readerOf('cbor').message(hex(digits)), undefined, digits);
});

test('a large message leaves no room behind', () => {
  const reader = readerOf('cbor');
  const { memory } = instance.exports;
  const large = encoders.cbor([new Uint8Array(8 << 20)]);
  reader.read(large);
  const size = memory.buffer.byteLength;
  for (let i = 0; i < 10; i++) {
    reader.read(large);
    assert.deepEqual(reader.read(encoders.cbor(['small'])), ['small']);
  }
  assert.equal(memory.buffer.byteLength, size);
});

const MESSAGES = [
  [2, 2 ** 53, { roles: { dealer: { features: { call_canceling: true } }, broker: {} } }], [2, 1, { roles: { broker: {} } }],
  [3, { message: 'm' }, 'wamp.error.x'], [3, {}, 'wamp.error.x', [1], { a: 2 }], [4, 'ticket', { a: { b: 1 } }], [6, {}, 'wamp.close.x'],
  [8, 48, 7, { a: 1 }, 'com.x', ['m'], { k: [] }], [17, 300, 70_000], [33, 1, 2], [35, 1], [35, 0, { subscription: 5 }],
  [36, 1, 2, { topic: 't' }, [1.5], { k: null }], [36, 1, 2, {}, new Uint8Array(1)], [50, 1, { progress: true }, [[]]], [50, 1, {}],
  [65, 1, 2], [67, 1], [67, 0, { registration: 5 }], [68, 1, 2, { procedure: 'p' }, []], [69, 1, { mode: 'kill' }],
];
const NONE = [
  1, {}, [], ['x'], [99], [null], ['constructor'], [1, 'r', {}], [48, 1, {}, 'p'], [36, 1, 2], [36, 1, 2, []], [36, 0, 2, {}], [36, -1, 2, {}], [36, 1.5, 2, {}],
  [36, '1', 2, {}], [36, 2n ** 53n + 1n, 2, {}], [36, 1, 2, {}, {}], [36, 1, 2, {}, [], []], [36, 1, 2, {}, [], {}, 1], [36, 1, 2, {}, null],
  [17, 1, 2, 3], [17, 1], [8, 48, 1, {}, 5], [2, 1, {}], [2, 1, { roles: {} }], [2, 1, { roles: { caller: {} } }], [4, 5, {}], [35, 1, 5],
];

test('a message is what some router sends, and nothing else', () => {
  for (const [serializer, encode] of Object.entries(encoders)) {
    const reader = readerOf(serializer);
    for (const message of MESSAGES) assert.deepEqual(reader.message(encode(message)), message);
    for (const value of NONE) assert.equal(reader.message(encode(value)), undefined, String(value));
  }
});
