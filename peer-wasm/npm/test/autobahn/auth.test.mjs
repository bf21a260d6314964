// Proving who the application is, the way AutobahnJS has it: the same tests for both.
import assert from 'node:assert/strict';
import { createHmac, createPrivateKey, createPublicKey, pbkdf2Sync } from 'node:crypto';
import { after, before } from 'node:test';
import { startRouter } from '../router.mjs';
import { startScripted } from '../scripted.mjs';
import { both, opened, ours, oursOnly, rejection, theirs, thrown } from './modules.mjs';

const SEED = '4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510';

function publicKey(seed) {
  const key = createPrivateKey({ key: Buffer.from(`302e020100300506032b657004220420${seed}`, 'hex'), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
}

/** As `nacl.sign.keyPair.fromSeed` makes it. */
const PAIR = { publicKey: new Uint8Array(publicKey(SEED)), secretKey: Uint8Array.of(...Buffer.from(SEED, 'hex'), ...publicKey(SEED)) };

const CONFIG = `
[[realms]]
name = "realm1"
[realms.authentication]
methods = ["cryptosign", "wampcra", "ticket"]
lockout = { exempt_loopback = true, attempts = 100 }
[[realms.principals]]
authid = "joe"
role = "user"
ticket = "token"
wampcra = { secret = "secret", salt = "salt", iterations = 1500, keylen = 48 }
cryptosign = ["${publicKey(SEED).toString('hex')}"]
[[realms.principals]]
authid = "jim"
role = "user"
wampcra = { secret = "secret" }
`;

let router;
before(async () => {
  router = await startRouter(CONFIG);
});
after(() => router.stop());

const cra = (autobahn) => (session, method, { challenge, salt, iterations, keylen }) => {
  const key = salt ? autobahn.auth_cra.derive_key('secret', salt, iterations, keylen) : 'secret';
  return autobahn.auth_cra.sign(key, challenge);
};

for (const [what, authid, method, answer, authextra] of [
  ['a ticket', 'joe', 'ticket', () => () => 'token'],
  ['a promise of a ticket', 'joe', 'ticket', () => async () => 'token'],
  ['a ticket with more', 'joe', 'ticket', () => () => ['token', { more: 1 }]],
  ['a promise of a ticket with more', 'joe', 'ticket', () => async () => ['token', {}]],
  ['WAMP-CRA', 'jim', 'wampcra', cra],
  ['salted WAMP-CRA', 'joe', 'wampcra', cra],
  ['cryptosign', 'joe', 'cryptosign', (autobahn) => (session, method, extra) => autobahn.auth_cryptosign.sign_challenge(PAIR, extra), { pubkey: publicKey(SEED).toString('hex'), channel_binding: null }],
]) {
  both(`onchallenge answers with ${what}`, async ({ open, autobahn }) => {
    const asked = [];
    const respond = answer(autobahn);
    const onchallenge = (session, method, extra) => {
      asked.push([session instanceof autobahn.Session, method, session.isOpen]);
      return respond(session, method, extra);
    };
    const { details } = await open({ url: router.url, authmethods: [method], authid, onchallenge, ...(authextra && { authextra }) });
    assert.deepEqual([details.authid, details.authrole, details.authmethod], [authid, 'user', method]);
    assert.deepEqual(asked, [[true, method, false]]);
  });
}

both('a wrong answer closes the connection for good', async ({ connection }) => {
  const made = await connection({ url: router.url, max_retries: -1, authmethods: ['ticket'], authid: 'joe', onchallenge: () => 'wrong' });
  const { reason, details } = await rejection(opened(made));
  assert.deepEqual([reason, details.reason, details.will_retry], ['closed', 'wamp.error.authentication_denied', false]);
});

both('an onchallenge that throws is told, and the router is left', async ({ connection, t }) => {
  const scripted = await startScripted((message, send) => message[0] === 1 && (send(4, 'ticket', {}), true));
  t.after(() => scripted.stop());
  const told = [];
  const made = await connection({
    url: scripted.url, authmethods: ['ticket'], authid: 'joe', onchallenge: () => { throw 'no idea'; }, on_user_error: (error, message) => told.push([error, message]),
  });
  assert.equal((await rejection(opened(made))).reason, 'closed');
  assert.deepEqual(told, [['no idea', 'onchallenge() raised: ']]);
});

oursOnly('a challenge without an onchallenge is told', async ({ connection, t }) => {
  const scripted = await startScripted((message, send) => message[0] === 1 && (send(4, 'ticket', {}), true));
  t.after(() => scripted.stop());
  const told = [];
  const made = await connection({ url: scripted.url, authmethods: ['ticket'], authid: 'joe', on_internal_error: (error) => told.push(error.message) });
  await rejection(opened(made));
  assert.deepEqual(told, ['received WAMP challenge, but no onchallenge() handler set']);
});

oursOnly('a router that is left without an answer is told so', async ({ connection, t }) => {
  const scripted = await startScripted((message, send) => message[0] === 1 && (send(4, 'ticket', {}), true));
  t.after(() => scripted.stop());
  const made = await connection({ url: scripted.url, authmethods: ['ticket'], authid: 'joe', onchallenge: () => Promise.reject(new Error('no idea')) });
  void rejection(opened(made));
  // Why is nobody's business there.
  assert.equal((await scripted.message(3))[2], 'wamp.error.authentication_failed');
});

oursOnly('an application that could not answer just now is asked again', async ({ connection }) => {
  let asked = 0;
  const onchallenge = async () => {
    if (++asked === 1) throw new Error('offline');
    return 'token';
  };
  const made = await connection({ url: router.url, authmethods: ['ticket'], authid: 'joe', onchallenge, max_retries: 3, initial_retry_delay: 0.001 });
  const open = new Promise((resolve) => (made.onopen = resolve));
  made.open();
  await open;
  assert.equal(asked, 2);
});

both('authmethods, authid and authextra go to the router', async ({ connection, t }) => {
  const scripted = await startScripted();
  t.after(() => scripted.stop());
  const authextra = { a: [1], b: null };
  const made = await connection({ url: scripted.url, authmethods: ['anonymous', 'cookie'], authid: 'joe', authextra });
  await opened(made);
  const { authmethods, authid, authextra: sent } = (await scripted.message(1))[2];
  assert.deepEqual([authmethods, authid, sent], [['anonymous', 'cookie'], 'joe', authextra]);
});

both('cryptosign: a connection from a key', async ({ autobahn, t }) => {
  const { auth_cryptosign } = autobahn;
  const made = auth_cryptosign.create_connection({ url: router.url, realm: 'realm1', authid: 'joe', pkey: PAIR });
  assert.ok(made instanceof autobahn.Connection);
  t.after(() => made.close());
  const { details } = await opened(made);
  assert.equal(details.authmethod, 'cryptosign');
});

both('cryptosign: keys in the storage of a page', async ({ autobahn, t }) => {
  const { auth_cryptosign } = autobahn;
  const stored = new Map();
  const localStorage = {
    getItem: (key) => stored.get(key) ?? null, setItem: (key, value) => void stored.set(key, String(value)), removeItem: (key) => void stored.delete(key),
  };
  const before = Object.getOwnPropertyDescriptor(globalThis, 'localStorage');
  Object.defineProperty(globalThis, 'localStorage', { value: localStorage, configurable: true });
  t.after(() => (before ? Object.defineProperty(globalThis, 'localStorage', before) : delete globalThis.localStorage));
  localStorage.setItem('mine', Buffer.from(SEED, 'hex').toString('base64'));
  const pair = auth_cryptosign.load_private_key('mine');
  assert.deepEqual([new Uint8Array(pair.publicKey), new Uint8Array(pair.secretKey)], [PAIR.publicKey, PAIR.secretKey]);
  assert.equal(auth_cryptosign.public_key(pair), publicKey(SEED).toString('hex'));
  const other = auth_cryptosign.load_private_key('mine', true);
  assert.notDeepEqual(other.publicKey, pair.publicKey);
  assert.deepEqual(auth_cryptosign.load_private_key('mine').publicKey, other.publicKey);
  assert.equal(auth_cryptosign.load_private_key('new').secretKey.length, 64);
});

oursOnly('cryptosign: a deleted key is gone', async ({ autobahn: { auth_cryptosign }, t }) => {
  const stored = new Map([['mine', 'x']]);
  Object.defineProperty(globalThis, 'localStorage', {
    value: { setItem: (key, value) => stored.set(key, value), removeItem: (key) => stored.delete(key) }, configurable: true,
  });
  t.after(() => delete globalThis.localStorage);
  auth_cryptosign.delete_private_key('mine');
  assert.equal(stored.size, 0);
});

oursOnly('cryptosign: signatures as RFC 8032 has them', ({ autobahn: { auth_cryptosign } }) => {
  // The third of its examples has no text of 32 bytes, but signing is the same for all.
  const seed = Buffer.from('c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7', 'hex');
  const pkey = { secretKey: Uint8Array.of(...seed, ...new Uint8Array(32)) };
  assert.equal(
    auth_cryptosign.sign_challenge(pkey, { challenge: 'af82' }),
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40aaf82',
  );
});

oursOnly('WAMP-CRA: keys and signatures, also of odd texts, as AutobahnJS makes them', ({ autobahn: { auth_cra } }) => {
  for (const [secret, salt, iterations, keylen] of [['secret', 'salt', 1000, 32], ['', '', 1, 16], ['pä$$wörd \u{1f511}', 'sälz', 7, 48], ['x'.repeat(200), 's', 3, 64]]) {
    const key = auth_cra.derive_key(secret, salt, iterations, keylen);
    assert.equal(key, pbkdf2Sync(secret, salt, iterations, keylen, 'sha256').toString('base64'));
    assert.equal(auth_cra.sign(key, `{"nonce": "${secret}"}`), createHmac('sha256', key).update(`{"nonce": "${secret}"}`).digest('base64'));
    if (!theirs) continue;
    assert.equal(key, theirs.auth_cra.derive_key(secret, salt, iterations, keylen));
    assert.equal(auth_cra.sign(key, 'challenge'), theirs.auth_cra.sign(key, 'challenge'));
  }
  assert.equal(auth_cra.derive_key('secret', 'salt'), pbkdf2Sync('secret', 'salt', 1000, 32, 'sha256').toString('base64'));
});

oursOnly('Persona says why it is not there', () => {
  assert.match(thrown(() => ours.auth_persona()).message, /Persona/);
});
