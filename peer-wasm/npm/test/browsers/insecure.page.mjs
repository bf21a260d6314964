// A page that came over http: from a host that is not localhost: browsers give it no WebCrypto.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AuthError, ConnectionLostError, auth, connect } from 'wamplex';
import { connect as connectTab } from 'wamplex/worker';
import { startRouter } from '../router.mjs';
import { rejection, startScripted } from '../scripted.mjs';

/** If it were tried again, no test would end. */
const AT_ONCE = { realm: 'realm1', serializers: ['json'], connectTimeout: 86_400_000 };
const SEED = '4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510';

test('the page is as insecure as it should be', () => {
  assert.equal(isSecureContext, false);
  assert.equal(crypto.subtle, undefined);
});

test('a client without a secret works', async (t) => {
  const router = await startScripted((message, send) => {
    if (message[0] === 48) send(50, message[1], {}, ['served']);
  });
  t.after(() => router.stop());
  const client = await connect(router.url, AT_ONCE);
  assert.equal(await client.call('com.example.p'), 'served');
  await client.close();
});

for (const [method, offered, extra] of [
  ['wampcra', auth.wampcra({ authid: 'joe', secret: 'x' }), { challenge: '{}' }],
  ['wamp-scram', auth.scram({ authid: 'joe', password: 'x' }), { salt: 'W22ZaJ0SNY7soEsUEjb6gQ==', kdf: 'pbkdf2', iterations: 4096 }],
  ['wamp-scram', auth.scram({ authid: 'joe', password: 'x' }), { salt: 'W22ZaJ0SNY7soEsUEjb6gQ==', kdf: 'argon2id13', iterations: 3, memory: 4096 }],
  ['cryptosign', auth.cryptosign({ authid: 'joe', privateKey: SEED }), {}],
]) {
  test(`${method} ${extra.kdf ?? ''} says at once that there is no WebCrypto`, async (t) => {
    const router = await startScripted((message, send) => {
      if (message[0] !== 1) return false;
      const { nonce } = message[2].authextra ?? {};
      send(4, method, { ...extra, ...(nonce && { nonce: `${nonce}router` }) });
      return true;
    });
    t.after(() => router.stop());
    const error = await rejection(connect(router.url, { ...AT_ONCE, auth: offered }));
    assert.equal(error.constructor, AuthError, String(error));
    assert.equal(error.message, 'no WebCrypto here: a page must come over https: or from localhost');
  });
}

test('a ticket is only shown to this machine', async (t) => {
  const { message } = await rejection(connect(`ws://${location.host}/`, { ...AT_ONCE, auth: auth.ticket({ authid: 'joe', ticket: 'x' }) }));
  assert.equal(message, "'ticket' sends a secret: use wss:// or a connection on this machine");
});

test('a shared worker that dies is noticed without locks, too, and another one takes its place', async (t) => {
  assert.equal(navigator.locks, undefined);
  const router = await startRouter('origins = ["*"]\n');
  t.after(() => router.stop());
  const name = `${router.url} w`;
  // The worker has its own clock, the tab has this one.
  t.mock.timers.enable({ apis: ['setInterval'] });
  const tab = await connectTab(() => new SharedWorker('/worker/worker.mjs', { name }), { reconnect: { initialDelay: 1, maxDelay: 50 } });
  const end = new BroadcastChannel(name);
  t.after(async () => {
    await tab.close();
    end.postMessage('end');
    end.close();
  });
  await tab.register('w.never', () => new Promise(() => {}));
  const pending = rejection(tab.call('w.never'));
  await tab.call('wamp.session.count');
  const opened = new Promise((resolve) => tab.addEventListener('open', resolve, { once: true }));
  end.postMessage('end');
  // Where its port tells nothing, silence does. Until it has ended, the worker may speak.
  let settled = false;
  pending.then(() => (settled = true));
  while (!settled) {
    t.mock.timers.tick(10_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const error = await pending;
  assert.ok(error instanceof ConnectionLostError && error.maybeSent, String(error));
  await opened;
  assert.equal(typeof (await tab.call('w.tabs')), 'number');
});
