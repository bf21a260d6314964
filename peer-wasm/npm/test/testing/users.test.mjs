// The ways into the router in the page that keep a secret from it: a password that it does not know, and a private key.
import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { AuthError, auth } from 'wamplex';
import { createRouter } from 'wamplex/testing';
import { rejection, routed } from './routed.mjs';

const SEED = '4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510';
const OTHER_SEED = '01'.repeat(32);
const ROUTER_SEED = '02'.repeat(32);
const DENIED = 'wamp.error.authentication_denied';

/** The public key that belongs to a seed. */
function publicKey(seed) {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(seed, 'hex')]);
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  return key.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
}

const users = [
  { authid: 'joe', ticket: 'token', secret: 's3cret', password: 'pencil', publicKey: publicKey(SEED), role: 'admin' },
  { authid: 'ann', password: 'paper', kdf: 'argon2id13' },
  { authid: 'bytes', publicKey: new Uint8Array(Buffer.from(publicKey(OTHER_SEED), 'hex')) },
];
const methods = {
  cryptosign: (privateKey) => auth.cryptosign({ authid: 'joe', privateKey }),
  'wamp-scram': (password) => auth.scram({ authid: 'joe', password }),
  wampcra: (secret) => auth.wampcra({ authid: 'joe', secret }),
  ticket: (ticket) => auth.ticket({ authid: 'joe', ticket }),
};
const secrets = { cryptosign: [SEED, OTHER_SEED], 'wamp-scram': ['pencil', 'paper'], wampcra: ['s3cret', 'secret'], ticket: ['token', 'taken'] };

for (const serializer of ['json', 'msgpack', 'cbor']) {
  routed(`each method gets a user in over ${serializer}, with the right secret and no other`, { users }, async (router) => {
    for (const [method, make] of Object.entries(methods)) {
      const [right, wrong] = secrets[method];
      const { session } = await router.connect({ auth: make(right), serializers: [serializer] });
      assert.deepEqual([session.authid, session.authrole, session.authmethod], ['joe', 'admin', method]);
      const error = await rejection(router.connect({ auth: make(wrong), serializers: [serializer] }));
      assert.ok(error instanceof AuthError, `${method}: ${error}`);
      assert.equal(error.uri, DENIED, method);
    }
  });
}

routed('of several methods the strongest is taken, in whatever order they are offered', { users }, async (router) => {
  const all = Object.entries(methods).map(([method, make]) => make(secrets[method][0]));
  for (const offered of [all, all.slice(1), all.slice(2), all.slice(3)]) {
    assert.equal((await router.connect({ auth: offered.toReversed() })).session.authmethod, offered[0].method);
  }
});

routed('keys are derived with Argon2id where a user says so', { users }, async (router) => {
  const ann = await router.connect({ auth: auth.scram({ authid: 'ann', password: 'paper' }) });
  assert.equal(ann.session.authmethod, 'wamp-scram');
  assert.equal((await rejection(router.connect({ auth: auth.scram({ authid: 'ann', password: 'pencil' }) }))).uri, DENIED);
});

routed('the owner of a key need not say who it is', { users }, async (router) => {
  const joe = await router.connect({ auth: auth.cryptosign({ privateKey: SEED }) });
  const other = await router.connect({ auth: auth.cryptosign({ privateKey: OTHER_SEED }) });
  assert.deepEqual([joe.session.authid, other.session.authid], ['joe', 'bytes']);
  assert.equal((await rejection(router.connect({ auth: auth.cryptosign({ privateKey: '03'.repeat(32) }) }))).uri, DENIED);
});

routed('a key that nobody has lets nobody in, not even as nobody', { users, realms: [{ name: 'realm1', anonymous: true }] }, async (router) => {
  const offered = (privateKey) => [auth.cryptosign({ privateKey }), auth.anonymous()];
  assert.equal((await router.connect({ auth: offered(SEED) })).session.authmethod, 'cryptosign');
  assert.equal((await rejection(router.connect({ auth: offered('03'.repeat(32)) }))).uri, DENIED);
});

routed('a router with a key proves itself to who asks for that', { users, privateKey: ROUTER_SEED }, async (router) => {
  const trusting = (seed) => auth.cryptosign({ privateKey: SEED, router: publicKey(seed) });
  assert.equal((await router.connect({ auth: trusting(ROUTER_SEED) })).session.authid, 'joe');
  assert.match((await rejection(router.connect({ auth: trusting(OTHER_SEED) }))).message, /did not prove to be the one expected/);
});

routed('a router without a key cannot prove itself', { users }, async (router) => {
  const trusting = auth.cryptosign({ privateKey: SEED, router: publicKey(ROUTER_SEED) });
  assert.ok((await rejection(router.connect({ auth: trusting }))) instanceof AuthError);
});

routed('nobody is asked like somebody, and does not get in', { users }, async (router) => {
  const nobody = [
    auth.scram({ authid: 'nobody', password: 'x' }), auth.cryptosign({ authid: 'nobody', privateKey: SEED }), auth.cryptosign({ authid: 'ann', privateKey: SEED }),
    auth.scram({ authid: 'bytes', password: 'pencil' }),
  ];
  for (const offered of nobody) {
    const seen = [];
    const error = await rejection(router.connect({ auth: offered, debug: ({ message }) => seen.push(message[0]) }));
    assert.ok(error instanceof AuthError, `${error}`);
    assert.deepEqual([error.uri, seen], [DENIED, [1, 4, 5, 3]], offered.method);
  }
});

routed('what a method needs of HELLO and does not get is told in words', { users: [users[0]] }, async (router) => {
  const table = [
    [{ method: 'cryptosign', authid: 'joe' }, 'wamp.error.no_matching_auth_method', /cryptosign needs a public key in authextra/],
    [{ method: 'cryptosign', hello: () => ({ authextra: { pubkey: 'xyz' } }) }, 'wamp.error.no_matching_auth_method', /public key/],
    [{ method: 'wamp-scram', authid: 'joe' }, 'wamp.error.no_matching_auth_method', /wamp-scram needs a nonce in authextra/],
    [{ method: 'wamp-scram', hello: () => ({ authextra: { nonce: '12345678' } }) }, DENIED, /wamp-scram needs an authid/],
    [{ method: 'wamp-scram', authid: 'joe', hello: () => ({ authextra: { nonce: '12345678', channel_binding: 'tls-exporter' } }) }, DENIED, /channel binding/],
    [{ method: 'cryptosign', hello: () => ({ authextra: { pubkey: publicKey(SEED), channel_binding: 'tls-exporter' } }) }, DENIED, /channel binding/],
  ];
  for (const [offered, uri, words] of table) {
    const error = await rejection(router.connect({ auth: offered }));
    assert.deepEqual([error.uri, words.test(error.message)], [uri, true], `${error.message} ${words}`);
  }
});

routed('an answer that is none is a wrong one', { users: [users[0]] }, async (router) => {
  const hello = { 'wamp-scram': { nonce: '12345678' }, cryptosign: { pubkey: publicKey(SEED) } };
  for (const [method, authextra] of Object.entries(hello)) {
    for (const signature of ['', 'x', '00'.repeat(96), 'AAAA']) {
      const offered = { method, authid: 'joe', hello: () => ({ authextra }), respond: () => signature };
      assert.equal((await rejection(router.connect({ auth: offered }))).uri, DENIED, `${method} ${signature}`);
    }
  }
});

test('users that make no sense are refused in words', async () => {
  const table = [
    [{ password: '' }, /password.*empty/],
    [{ password: 'bell\u0007' }, /password.*not allowed/],
    [{ password: 5 }, /expected a string/],
    [{ authid: 'bell\u0007', password: 'x' }, /authid/],
    [{ authid: '\u2168', password: 'x' }, /authid/],
    [{ password: 'x', kdf: 'md5' }, /`pbkdf2` or `argon2id13`/],
    [{ ticket: 'x', kdf: 'pbkdf2' }, /`kdf`.*`password`/],
    [{ publicKey: 'xyz' }, /64 hexadecimal digits/],
    [{ publicKey: '00'.repeat(31) }, /64 hexadecimal digits/],
    [{ publicKey: new Uint8Array(31) }, /64 hexadecimal digits|32 bytes/],
    [{ publicKey: 7 }, /string/],
    [{}, /nothing to prove|neither/],
  ];
  for (const [user, words] of table) {
    assert.match((await rejection(createRouter({ users: [{ authid: 'joe', ...user }] }))).message, words, JSON.stringify(user));
  }
  for (const privateKey of ['xyz', '00', new Uint8Array(3), 7]) {
    assert.match((await rejection(createRouter({ privateKey }))).message, /privateKey.*(hexadecimal|string)/, String(privateKey));
  }
});
