// Proving to the real router who the client is.
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { after, before, test } from 'node:test';
import { AuthError, auth, connect } from 'wamplex';
import { startRouter } from './router.mjs';
import { rejection } from './scripted.mjs';

const SEED = '4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510';
const OTHER_SEED = 'd511fe78e23934b3dadb52fcd022974b80bd92bccc7c5cf404e46cc0a8a2f5cd';
const ROUTER_SEED = '6e1fde9cf9e2359a87420b65a87dc0c66136e66945196ba2475990d8a0c3a25b';

function publicKey(seed) {
  const key = createPrivateKey({ key: Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex'), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
}

const CONFIG = `
[[realms]]
name = "realm1"
[realms.authentication]
methods = ["cryptosign", "wamp-scram", "wampcra", "ticket", "anonymous"]
cryptosign.key = "${ROUTER_SEED}"
lockout = { exempt_loopback = true, attempts = 100 }
[[realms.principals]]
authid = "joe"
role = "user"
ticket = "token"
wampcra = { secret = "secret", salt = "salt", iterations = 1500, keylen = 48 }
scram = { password = "pencil", kdf = "pbkdf2", iterations = 4096 }
cryptosign = ["${publicKey(SEED)}"]
extra = { colour = "green" }
[[realms.principals]]
authid = "jim"
role = "user"
wampcra = { secret = "secret" }
[[realms.principals]]
authid = "ann"
role = "user"
scram = { password = "pencil" }
`;

const methods = {
  ticket: (ticket) => auth.ticket({ authid: 'joe', ticket }),
  wampcra: (secret) => auth.wampcra({ authid: 'joe', secret }),
  'wamp-scram': (password) => auth.scram({ authid: 'joe', password }),
  cryptosign: (privateKey) => auth.cryptosign({ authid: 'joe', privateKey, router: publicKey(ROUTER_SEED) }),
};
const secrets = { ticket: ['token', 'taken'], wampcra: ['secret', 'secrets'], 'wamp-scram': ['pencil', 'paper'], cryptosign: [SEED, OTHER_SEED] };

let router;
before(async () => {
  router = await startRouter(CONFIG);
});
after(() => router.stop());

const join = (offered, more = {}) => connect(router.url, { realm: 'realm1', auth: offered, ...more });

for (const serializer of ['json', 'msgpack', 'cbor']) {
  test(`each method gets a client in over ${serializer}, with its secret and no other`, async () => {
    for (const [method, make] of Object.entries(methods)) {
      const [right, wrong] = secrets[method];
      const client = await join(make(right), { serializers: [serializer] });
      const { authid, authrole, authmethod, authextra } = client.session;
      assert.deepEqual([authid, authrole, authmethod, authextra.colour], ['joe', 'user', method, 'green']);
      await client.close();
      const error = await rejection(join(make(wrong), { serializers: [serializer] }));
      assert.ok(error instanceof AuthError, method);
      assert.equal(error.uri, 'wamp.error.authentication_denied', method);
    }
  });
}

test('of several methods the router takes the strongest, in whatever order they are offered', async () => {
  const all = Object.entries(methods).map(([method, make]) => make(secrets[method][0]));
  for (const [offered, chosen] of [[all, 'cryptosign'], [[...all].reverse(), 'cryptosign'], [all.slice(0, 3), 'wamp-scram'], [all.slice(0, 2), 'wampcra']]) {
    const client = await join(offered);
    assert.equal(client.session.authmethod, chosen);
    await client.close();
  }
});

test('the owner of a key need not say who it is, and a plain secret will do', async () => {
  const nameless = await join(auth.cryptosign({ privateKey: SEED }));
  assert.equal(nameless.session.authid, 'joe');
  await nameless.close();
  const jim = await join(auth.wampcra({ authid: 'jim', secret: 'secret' }));
  assert.equal(jim.session.authid, 'jim');
  await jim.close();
});

test('a router with another key is not the one that is trusted', async () => {
  const error = await rejection(join(auth.cryptosign({ privateKey: SEED, router: publicKey(OTHER_SEED) })));
  assert.match(error.message, /did not prove to be the one expected/);
});

test('keys are derived with Argon2id, which costs what it does by default', async () => {
  const ann = await join(auth.scram({ authid: 'ann', password: 'pencil' }));
  assert.equal(ann.session.authmethod, 'wamp-scram');
  await ann.close();
  const error = await rejection(join(auth.scram({ authid: 'ann', password: 'paper' })));
  assert.equal(error.uri, 'wamp.error.authentication_denied');
});

test('nobody is asked like somebody, and does not get in', async () => {
  for (const offered of [auth.scram({ authid: 'nobody', password: 'x' }), auth.wampcra({ authid: 'nobody', secret: 'x' }), auth.ticket({ authid: 'nobody', ticket: 'x' })]) {
    const seen = [];
    const error = await rejection(join(offered, { debug: ({ message }) => seen.push(message[0]) }));
    assert.equal(error.uri, 'wamp.error.authentication_denied');
    assert.deepEqual(seen, [1, 4, 5, 3], offered.method);
  }
});
