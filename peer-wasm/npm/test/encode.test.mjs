// What the encoder writes, read back by decoders of others.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decode as decodeMsgpack } from '@msgpack/msgpack';
import { Decoder as CborDecoder } from 'cbor-x';
import { source } from './sources.mjs';

const { elements, encoderFor } = await source('encode/index.ts');
const { parseJson } = await source('decode/json.ts');

const cbor = new CborDecoder({ mapsAsObjects: true, useRecords: false });
const decoders = {
  json: (text) => parseJson(text, 'auto'),
  msgpack: (bytes) => decodeMsgpack(bytes),
  cbor: (bytes) => numbers(cbor.decode(bytes)),
};

/** This decoder gives every integer of 64 bits as a bigint. */
function numbers(value) {
  if (typeof value === 'bigint' && Number.isInteger(Number(value)) && BigInt(Number(value)) === value) return Number(value);
  return Array.isArray(value) ? value.map(numbers) : value;
}

/** One value through an encoder of ours and a decoder of others. */
/** One message as it is sent. */
function written(serializer, message) {
  const encoder = encoderFor(serializer, false);
  encoder.write(message);
  return encoder.take(encoder.size);
}

function through(serializer, value) {
  return decoders[serializer](written(serializer, [value]))[0];
}

const nested = (levels) => (levels === 0 ? 'deep' : [nested(levels - 1)]);

const values = {
  null: null,
  true: true,
  false: false,
  'the empty string': '',
  ASCII: 'com.example.topic',
  'text of 40 units': 'x'.repeat(40),
  'text of 300 bytes': 'ä'.repeat(150),
  'text of 70 000 units': 'wörter '.repeat(10_000),
  'text beyond the basic plane': 'a😀漢字\u{10ffff}',
  'text with controls': 'a\n\t"\\\u0001\u007f\u2028',
  'a byte order mark': '\ufeffx',
  'an empty list': [],
  'a list of 16': Array.from({ length: 16 }, (_, i) => i),
  'a list of 70 000': Array.from({ length: 70_000 }, (_, i) => i % 7),
  'an empty dictionary': {},
  'a dictionary of 16': Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`key${i}`, i])),
  'a dictionary of 70 000': Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, null])),
  'nested values': { a: [{ b: [null, { c: 'd' }] }], e: { f: {} } },
  '100 levels': nested(100),
  fractions: [0.5, -0.1, 1.5e300, 5e-324, 123456789.125],
};
for (const bits of [0, 4, 5, 7, 8, 15, 16, 28, 31, 32, 40, 52, 53]) {
  const limit = 2 ** bits;
  values[`integers around 2^${bits}`] = [limit - 1, limit, -limit, -limit + 1, ...(bits < 53 ? [limit + 1, -limit - 1] : [])];
}

for (const serializer of ['json', 'msgpack', 'cbor']) {
  for (const [name, value] of Object.entries(values)) {
    test(`${serializer}: ${name} arrive as they were`, () => assert.deepEqual(through(serializer, value), value));
  }

  test(`${serializer}: binary of every kind arrives as its bytes`, () => {
    const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i);
    for (const length of [0, 1, 2, 3, 255, 256, 65_535, 65_536, 70_000]) {
      const sent = bytes.subarray(0, length);
      for (const view of [sent, sent.slice().buffer, new DataView(sent.slice().buffer), Buffer.from(sent)]) {
        assert.deepEqual(new Uint8Array(through(serializer, view)), sent, `${length} bytes`);
      }
    }
    assert.deepEqual([...through(serializer, new Uint16Array([1, 0x203]))], [1, 0, 3, 2]);
  });

  test(`${serializer}: a bigint is an integer whatever its size`, () => {
    for (const value of [0n, 5n, -5n, 255n, 65_536n, 2n ** 32n, -(2n ** 31n) - 1n, 2n ** 53n]) {
      assert.equal(BigInt(through(serializer, value)), value);
    }
    const raw = written(serializer, [2n ** 64n - 1n, -(2n ** 63n)]);
    const read = serializer === 'msgpack' ? decodeMsgpack(raw, { useBigInt64: true }) : decoders[serializer](raw);
    assert.deepEqual(read.map(BigInt), [2n ** 64n - 1n, -(2n ** 63n)]);
    for (const tooLarge of [2n ** 64n, -(2n ** 63n) - 1n]) assert.throws(() => through(serializer, tooLarge), RangeError);
  });

  test(`${serializer}: undefined is left out of dictionaries and null in lists`, () => {
    assert.deepEqual(through(serializer, { a: undefined, b: [undefined], c: 1 }), { b: [null], c: 1 });
    // eslint-disable-next-line no-sparse-arrays
    assert.deepEqual(through(serializer, [1, , 3]), [1, null, 3]);
  });

  test(`${serializer}: dates, maps, sets and objects of classes`, () => {
    class Point {
      x = 1;
      get y() { return 2; }
      method() {}
    }
    const date = new Date(0);
    const sent = { date, map: new Map([['a', 1]]), set: new Set([1, 2]), point: new Point(), own: { toJSON: () => 'own' } };
    assert.deepEqual(through(serializer, sent), { date: date.toISOString(), map: { a: 1 }, set: [1, 2], point: { x: 1 }, own: 'own' });
  });

  test(`${serializer}: half of a surrogate pair becomes the replacement character`, () => {
    assert.deepEqual(through(serializer, ['a\ud800b', '\udc00', '\ud83d\ude00']), ['a\ufffdb', '\ufffd', '😀']);
    assert.deepEqual(through(serializer, { '\ud800': 1 }), { '\ufffd': 1 });
    assert.equal(through(serializer, `${'x'.repeat(100)}\ud800`), `${'x'.repeat(100)}\ufffd`);
  });

  test(`${serializer}: what cannot be sent is refused, and the encoder works afterwards`, () => {
    const encoder = encoderFor(serializer, false);
    const circle = {};
    circle.self = circle;
    const write = (message) => {
      const before = encoder.size;
      try {
        return encoder.write(message);
      } catch (error) {
        encoder.cut(before);
        throw error;
      }
    };
    for (const bad of [() => {}, Symbol('s'), { f: () => {} }, [Symbol.iterator]]) {
      assert.throws(() => write([bad]), TypeError);
    }
    for (const deep of [circle, nested(200), { toJSON() { return this; } }]) {
      assert.throws(() => write([[deep]]), RangeError);
    }
    write([{ a: 1 }, ['fine']]);
    assert.deepEqual(decoders[serializer](encoder.take(encoder.size)), [{ a: 1 }, ['fine']]);
    assert.equal(encoder.size, 0);
  });

  test(`${serializer}: a key named __proto__ is a key like any other`, () => {
    const sent = JSON.parse('{"__proto__": {"x": 1}}');
    const text = Buffer.from(written(serializer, [sent])).toString('latin1');
    assert.ok(text.includes('__proto__'));
  });
}

for (const serializer of ['json', 'msgpack', 'cbor']) {
  test(`${serializer}: what was taken never changes, however much is written later`, () => {
    const encoder = encoderFor(serializer, false);
    const taken = [];
    for (let i = 0; i < 2000; i++) {
      encoder.write([i, 'x'.repeat(i % 97), i % 500 === 0 ? 'y'.repeat(20_000) : '']);
      taken.push(encoder.take(encoder.size));
    }
    taken.forEach((data, i) => assert.equal(decoders[serializer](data)[0], i));
  });

  test(`${serializer}: the last message can be looked at, in a batch, too`, () => {
    for (const batched of [false, true]) {
      const encoder = encoderFor(serializer, batched);
      encoder.write(['first']);
      const before = encoder.size;
      encoder.write(['second']);
      assert.deepEqual(decoders[serializer](encoder.last(before)), ['second']);
    }
  });

  test(`${serializer}: properties that somebody gave to all objects are not sent`, () => {
    Object.prototype.everywhere = 1;
    try {
      assert.deepEqual(Object.keys(through(serializer, { own: 1 })), ['own']);
    } finally {
      delete Object.prototype.everywhere;
    }
    assert.deepEqual(Object.keys(through(serializer, { own: 1 })), ['own']);
  });
}

test('arguments that are empty are no elements of a message', () => {
  for (const payload of [{}, { args: [] }, { kwargs: {} }, { kwargs: { a: undefined } }]) assert.deepEqual(elements(payload), []);
  assert.deepEqual(elements({ args: [1], kwargs: {} }), [[1]]);
  assert.deepEqual(elements({ kwargs: { a: 1 } }), [[], { a: 1 }]);
});

test('msgpack and cbor keep what JSON has no word for', () => {
  for (const serializer of ['msgpack', 'cbor']) {
    assert.ok(Object.is(through(serializer, -0), -0));
    assert.ok(Number.isNaN(through(serializer, NaN)));
    assert.equal(through(serializer, -Infinity), -Infinity);
  }
  assert.deepEqual(through('json', [NaN, Infinity, -0]), [null, null, 0]);
});

test('msgpack and cbor are written in the shortest form', () => {
  const hex = (serializer, value) => {
    return Buffer.from(written(serializer, [value])).toString('hex');
  };
  const cases = [
    [127, '917f', '81187f'], [128, '91cc80', '811880'], [-1, '91ff', '8120'], [-33, '91d0df', '813820'],
    [2 ** 32, '91cf0000000100000000', '811b0000000100000000'], ['ü', '91a2c3bc', '8162c3bc'], [new Uint8Array(1), '91c40100', '814100'],
  ];
  for (const [value, msgpack, cborHex] of cases) {
    assert.equal(hex('msgpack', value), msgpack);
    assert.equal(hex('cbor', value), cborHex);
  }
});
