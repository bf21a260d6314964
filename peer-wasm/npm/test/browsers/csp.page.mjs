// A page whose Content-Security-Policy says nothing of WebAssembly, and lets it connect to its own server only.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, WampError, connect } from 'wamplex';
import { rejection, startScripted } from '../scripted.mjs';

/** If it were tried again, no test would end. */
const AT_ONCE = { realm: 'realm1', serializers: ['json'], connectTimeout: 86_400_000 };

test('a policy that forbids WebAssembly is named, at once, and nothing is sent', async (t) => {
  const router = await startScripted();
  t.after(() => router.stop());
  const own = `${location.origin.replace('http', 'ws')}/nothing`;
  for (const url of [own, router.url]) {
    const error = await rejection(connect(url, AT_ONCE));
    assert.equal(error.constructor, WampError, String(error));
    assert.equal(error.uri, 'wamplex.error.unsupported');
    assert.equal(error.message, "the Content-Security-Policy of this page forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src");
  }
  const client = new Client(own, AT_ONCE);
  const [first, second] = await Promise.all([client.call('p'), client.ready()].map(rejection));
  assert.ok(WampError.is(first, 'wamplex.error.unsupported') && WampError.is(second, 'wamplex.error.unsupported'), `${first} ${second}`);
  assert.deepEqual(router.received, []);
});
