import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArgs, parseKwargs } from '../src/model/json-input.ts';

test('an array is read as arguments, and nothing as none', () => {
  assert.deepEqual(parseArgs(' [1, "two", null] '), { ok: true, value: [1, 'two', null] });
  assert.deepEqual(parseArgs('  '), { ok: true, value: [] });
  assert.deepEqual(parseKwargs('{"a": [1]}'), { ok: true, value: { a: [1] } });
  assert.deepEqual(parseKwargs(''), { ok: true, value: {} });
});

for (const [text, named] of [
  ['{"a": 1}', 'an object'],
  ['null', 'null'],
  ['"text"', 'a string'],
  ['7', 'a number'],
  ['true', 'a boolean'],
] as const) {
  test(`${text} as arguments is refused with a sentence that names ${named}`, () => {
    const parsed = parseArgs(text);
    assert.ok(!parsed.ok);
    assert.match(parsed.sentence, new RegExp(`JSON array.*This is ${named}`));
  });
}

for (const text of ['[1]', 'null', '3']) {
  test(`${text} as keyword arguments is refused`, () => {
    const parsed = parseKwargs(text);
    assert.ok(!parsed.ok);
    assert.match(parsed.sentence, /JSON object/);
  });
}

for (const text of ['[1, 2', 'hello', '[1,]', "['a']"]) {
  test(`${text} is not JSON and the sentence says so`, () => {
    const parsed = parseArgs(text);
    assert.ok(!parsed.ok);
    assert.match(parsed.sentence, /^This is not JSON: .+\.$/);
  });
}
