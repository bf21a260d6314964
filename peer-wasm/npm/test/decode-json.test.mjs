// JSON's own limits, and how they are overcome.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { source } from './sources.mjs';

const { parseJson } = await source('decode/json.ts');

test('integers beyond 2^53 are exact', () => {
  const text = '[9007199254740992,9007199254740993,-9007199254740993,18446744073709551615,-9223372036854775808,123456789012345678901234567890]';
  assert.deepEqual(parseJson(text, 'auto'), [
    2 ** 53, 9007199254740993n, -9007199254740993n, 18446744073709551615n, -9223372036854775808n, 123456789012345678901234567890n,
  ]);
  assert.deepEqual(parseJson('[9007199254740993]', 'never'), [9007199254740992]);
});

test('an application may want every integer as a bigint', () => {
  assert.deepEqual(parseJson('[1,-2,1.5,1e3,"3",{"a":4}]', 'always'), [1n, -2n, 1.5, 1000, '3', { a: 4n }]);
});

test('long fractions, and digits in strings, are left alone', () => {
  const text = '[0.30000000000000004,1.2345678901234567e30,"12345678901234567890","a\\"12345678901234567890",9000000000000001,{"12345678901234567890":1}]';
  assert.deepEqual(parseJson(text, 'auto'), JSON.parse(text));
});

test('a large integer may stand beside a text of any length', () => {
  const text = `"${'x'.repeat(16 << 20)}\\"${'y'.repeat(16 << 20)}"`;
  assert.deepEqual(parseJson(`[${text},18446744073709551615]`, 'auto'), [JSON.parse(text), 18446744073709551615n]);
});

test('binary follows the convention, and broken base64 stays text', () => {
  const value = parseJson('["\\u0000EOP/kFMHXFJvX8BtT+N82w==","\\u0000","\\u0000%%","plain",{"k":"\\u0000AQI="}]', 'auto');
  assert.deepEqual(value, [
    Uint8Array.from(Buffer.from('10e3ff9053075c526f5fc06d4fe37cdb', 'hex')), new Uint8Array(0), '\0%%', 'plain', { k: Uint8Array.of(1, 2) },
  ]);
});

test('text cannot pretend to be an integer', () => {
  assert.deepEqual(parseJson('["\\u0000#12",18446744073709551615]', 'auto'), ['\0#12', 18446744073709551615n]);
  assert.deepEqual(parseJson('["\\u0000##12",18446744073709551615]', 'auto'), ['\0##12', 18446744073709551615n]);
  assert.deepEqual(parseJson('["\\u0000#12"]', 'auto'), ['\0#12']);
  assert.deepEqual(parseJson('{"\\u0000#1" : 18446744073709551615}', 'auto'), { '\0#1': 18446744073709551615n });
});

test('a key named __proto__ is a key like any other', () => {
  const value = parseJson('{"__proto__":"\\u0000AQI=","n":18446744073709551615}', 'auto');
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.deepEqual(Object.getOwnPropertyDescriptor(value, '__proto__').value, Uint8Array.of(1, 2));
});
