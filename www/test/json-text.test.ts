import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shorten, toJson, tokens } from '../src/model/json-text.ts';

test('values come out as JSON, on one line or indented', () => {
  const value = [36, { a: 'x', b: [] }, null, true];
  assert.equal(toJson(value), '[36, {"a": "x", "b": []}, null, true]');
  assert.deepEqual(JSON.parse(toJson(value, 2)), value);
  assert.equal(toJson({ a: 1 }, 2), '{\n  "a": 1\n}');
});

test('what JSON does not know is written all the same', () => {
  assert.equal(toJson([9007199254740993n, undefined, new Uint8Array([1, 2])]), '[9007199254740993, null, "\\u0000AQI="]');
});

test('tokens give back the text, piece by piece', () => {
  const json = '{"key": ["te\\"xt", -1.5e3, false]} rest';
  const found = tokens(json);
  assert.equal(found.map((token) => token.text).join(''), json);
  assert.deepEqual(
    found.filter((token) => token.type !== 'plain').map((token) => token.type),
    ['key', 'string', 'number', 'literal'],
  );
});

test('a long text is cut and says by how much', () => {
  assert.equal(shorten('abcdef', 4), 'abcd … 2 more characters');
  assert.equal(shorten('abcd', 4), 'abcd');
});
