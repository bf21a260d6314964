// Options under the names of the protocol, and the refusal of what a router would end the session over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { source } from './sources.mjs';

const { callOptions, publishOptions, registerOptions, subscribeOptions } = await source('options.ts');

test('named options go under their names in the protocol, raw ones win', () => {
  assert.deepEqual(publishOptions({}), {});
  assert.deepEqual(publishOptions({ acknowledge: true, excludeMe: false, exclude: [1] }), { acknowledge: true, exclude_me: false, exclude: [1] });
  assert.deepEqual(publishOptions({ excludeMe: false, options: { exclude_me: true, x_mine: 1 } }), { exclude_me: true, x_mine: 1 });
  assert.deepEqual(publishOptions({ acknowledge: undefined, retain: null, kwargs: { a: 1 } }), {});
  assert.deepEqual(publishOptions({ acknowledge: true, options: { acknowledge: null } }), { acknowledge: true });
  assert.deepEqual(subscribeOptions({ match: 'prefix', getRetained: true }), { match: 'prefix', get_retained: true });
  assert.deepEqual(publishOptions({ ppt: { scheme: 'x_s', serializer: 'cbor' }, acknowledge: true }), {
    ppt_scheme: 'x_s', ppt_serializer: 'cbor', acknowledge: true,
  });
});

test('the time limit of a call is what is left of it, in whole milliseconds', () => {
  assert.deepEqual(callOptions({ timeout: 500 }, 99.5), { timeout: 100 });
  assert.deepEqual(callOptions({}, 0), {});
  assert.deepEqual(callOptions({ options: { timeout: 7 } }, 99.5), { timeout: 7 });
});

for (const [what, build] of [
  ['acknowledge', () => publishOptions({ acknowledge: 1 })],
  ['acknowledge', () => publishOptions({ options: { acknowledge: 'yes' } })],
  ['exclude_me', () => publishOptions({ options: { exclude_me: 0 } })],
  ['exclude', () => publishOptions({ exclude: [1, 'a'] })],
  ['exclude', () => publishOptions({ exclude: [-1] })],
  ['eligible_authrole', () => publishOptions({ eligibleAuthrole: 'admin' })],
  ['match', () => subscribeOptions({ match: 'regex' })],
  ['invoke', () => registerOptions({ invoke: 'all' })],
  ['concurrency', () => registerOptions({ concurrency: 1.5 })],
  ['timeout', () => callOptions({ options: { timeout: 1.5 } }, 0)],
  ['ppt_scheme', () => publishOptions({ ppt: { scheme: 1 } })],
]) {
  test(`${what} of a wrong type is refused before it is sent: ${build}`, () => {
    assert.throws(build, (error) => error instanceof TypeError && error.message.startsWith(`${what} must be`));
  });
}

test('options named as what all objects have are no options', () => {
  assert.deepEqual(publishOptions({ constructor: 1, options: { constructor: 2, toString: 3 } }), { constructor: 2, toString: 3 });
});
