// Options under the names of the protocol, and the refusal of what a router would end the session over.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { source } from './sources.mjs';

const { callOptions, wireOptions } = await source('options.ts');

test('named options go under their names in the protocol, raw ones win', () => {
  assert.deepEqual(wireOptions({}), {});
  assert.deepEqual(wireOptions({ acknowledge: true, excludeMe: false, exclude: [1] }), { acknowledge: true, exclude_me: false, exclude: [1] });
  assert.deepEqual(wireOptions({ excludeMe: false, options: { exclude_me: true, x_mine: 1 } }), { exclude_me: true, x_mine: 1 });
  assert.deepEqual(wireOptions({ acknowledge: undefined, retain: null, kwargs: { a: 1 } }), {});
  assert.deepEqual(wireOptions({ acknowledge: true, options: { acknowledge: null } }), { acknowledge: true });
  assert.deepEqual(wireOptions({ match: 'prefix', getRetained: true }), { match: 'prefix', get_retained: true });
  assert.deepEqual(wireOptions({ ppt: { scheme: 'x_s', serializer: 'cbor' }, acknowledge: true }), {
    ppt_scheme: 'x_s', ppt_serializer: 'cbor', acknowledge: true,
  });
});

test('the time limit of a call is what is left of it, in whole milliseconds', () => {
  assert.deepEqual(callOptions({ timeout: 500 }, 99.5), { timeout: 100 });
  assert.deepEqual(callOptions({}, 0), {});
  assert.deepEqual(callOptions({ options: { timeout: 7 } }, 99.5), { timeout: 7 });
});

for (const [what, build] of [
  ['acknowledge', () => wireOptions({ acknowledge: 1 })],
  ['acknowledge', () => wireOptions({ options: { acknowledge: 'yes' } })],
  ['exclude_me', () => wireOptions({ options: { exclude_me: 0 } })],
  ['exclude', () => wireOptions({ exclude: [1, 'a'] })],
  ['exclude', () => wireOptions({ exclude: [-1] })],
  ['eligible_authrole', () => wireOptions({ eligibleAuthrole: 'admin' })],
  ['match', () => wireOptions({ match: 'regex' })],
  ['invoke', () => wireOptions({ invoke: 'all' })],
  ['concurrency', () => wireOptions({ concurrency: 1.5 })],
  ['timeout', () => callOptions({ options: { timeout: 1.5 } }, 0)],
  ['ppt_scheme', () => wireOptions({ ppt: { scheme: 1 } })],
]) {
  test(`${what} of a wrong type is refused before it is sent: ${build}`, () => {
    assert.throws(build, (error) => error instanceof TypeError && error.message.startsWith(`${what} must be`));
  });
}

test('options named as what all objects have are no options', () => {
  assert.deepEqual(wireOptions({ options: { constructor: 2, toString: 3 } }), { constructor: 2, toString: 3 });
  assert.throws(() => wireOptions({ constructor: 1 }), { name: 'TypeError', message: "there is no option 'constructor'" });
  Object.prototype.haunting = 1;
  try {
    assert.deepEqual(wireOptions({ acknowledge: true }), { acknowledge: true });
  } finally {
    delete Object.prototype.haunting;
  }
});

test('every option that is declared is taken', async () => {
  const declared = [];
  for (const name of ['events', 'calls', 'procedures']) {
    const text = await readFile(new URL(`../declarations/${name}.d.ts`, import.meta.url), 'utf8');
    for (const [, members] of text.matchAll(/^export interface (?:Publish|Subscribe|Call|Stream|Register)Options\b[^{]*\{([^]*?)\n\}/gm)) {
      declared.push(...Array.from(members.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm), ([, name]) => name));
    }
  }
  for (const name of ['acknowledge', 'getRetained', 'idempotent', 'input', 'concurrency']) assert.ok(declared.includes(name), name);
  for (const name of [...declared, 'params']) wireOptions({ [name]: undefined });
});
