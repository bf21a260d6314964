// A page whose Content-Security-Policy lets it connect to its own server only.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WampError, connect } from 'wamplex';
import { rejection, startScripted } from '../scripted.mjs';

test('an address that the policy forbids is said to be out of reach', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  const error = await rejection(connect(router.url, { realm: 'realm1', reconnect: false }));
  assert.ok(error instanceof WampError, String(error));
  assert.match(error.message, /^cannot connect to ws:/);
  assert.deepEqual(router.received, []);
});
