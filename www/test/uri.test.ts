import assert from 'node:assert/strict';
import { test } from 'node:test';
import { uriFault, type Match } from '../src/model/uri.ts';

const CASES: readonly [text: string, match: Match, good: boolean][] = [
  ['com.example.hello', 'exact', true],
  ['hello', 'exact', true],
  ['com.example.héllo-1', 'exact', true],
  ['', 'exact', false],
  ['com..hello', 'exact', false],
  ['com.example.', 'exact', false],
  ['com.exa mple', 'exact', false],
  ['com.#', 'exact', false],
  ['com.example.', 'prefix', true],
  ['', 'prefix', true],
  ['com..hello', 'prefix', false],
  ['com..hello', 'wildcard', true],
  ['.example.', 'wildcard', true],
  ['com.# ', 'wildcard', false],
];

for (const [text, match, good] of CASES) {
  test(`"${text}" is ${good ? 'a' : 'no'} URI to match ${match}`, () => {
    assert.equal(uriFault(text, match) === undefined, good);
  });
}
