// Proving who the client is, and finding out who the router is.
import assert from 'node:assert/strict';
import { createHash, createHmac, createPrivateKey, createPublicKey, pbkdf2Sync, sign, webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { AuthError, auth, connect } from 'wamplex';
import { rejection, startScripted } from './scripted.mjs';

const ROLES = { dealer: {} };
const SALT = 'W22ZaJ0SNY7soEsUEjb6gQ==';

const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

/** Connects to a router that sends this CHALLENGE for HELLO and this WELCOME for AUTHENTICATE. */
async function join(t, offered, { challenge, welcome = () => ({}) }) {
  let hello;
  const router = await startScripted((message, send) => {
    if (message[0] === 1) {
      hello = message;
      const [method, extra] = challenge?.(hello) ?? [];
      if (method) send(4, method, extra);
      else send(2, 1, { roles: ROLES, ...welcome(hello) });
    } else if (message[0] === 5) send(2, 1, { roles: ROLES, ...welcome(hello, message) });
    return message[0] !== 6;
  });
  t.after(() => router.stop());
  const joined = connect(router.url, { realm: 'realm1', serializers: ['json'], auth: offered });
  return { router, joined };
}

/** The router is left with ABORT, for this reason. */
async function left(t, offered, script, reason) {
  const router = await unopened(t, offered, script, reason);
  assert.equal((await router.message(3))[2], 'wamp.error.authentication_failed');
}

async function unopened(t, offered, script, reason) {
  const { router, joined } = await join(t, offered, script);
  const error = await rejection(joined);
  assert.ok(error instanceof AuthError, `${reason}: ${error}`);
  assert.match(error.message, reason);
  return router;
}

/** The router does not even hear HELLO. */
async function unsaid(t, offered, reason) {
  const router = await unopened(t, offered, {}, reason);
  assert.deepEqual(router.received, []);
}

async function welcomed(t, offered, script) {
  const { router, joined } = await join(t, offered, script);
  const client = await joined;
  const answer = router.received.find(([code]) => code === 5);
  await client.close();
  return answer;
}

// ---- WAMP-CRA ---------------------------------------------------------------------

const CHALLENGE = '{"nonce":"LHRTC9zeOIrt_9U3","authprovider":"userdb","authid":"peter","timestamp":"2014-06-22T16:36:25.448Z","authrole":"user","authmethod":"wampcra","session":3251278072152162}';
const cra = (extra) => ({ challenge: () => ['wampcra', { challenge: CHALLENGE, ...extra }] });

test('a challenge is signed with a secret, as others sign it', async (t) => {
  const peter = auth.wampcra({ authid: 'peter', secret: async () => 'secret123' });
  for (const [extra, signature] of [
    [{}, 'g1VJufzFf/VsfAH18Ln2jEUoXHhsVJFJ3mwCLPiXuws='],
    [{ salt: null }, 'g1VJufzFf/VsfAH18Ln2jEUoXHhsVJFJ3mwCLPiXuws='],
    [{ salt: 'salt123', iterations: 1000, keylen: 32 }, 'eUE+e1b/14i426dO/eCknU0CeDgZW3UvIH+XTA+rGsg='],
    [{ salt: 'salt123' }, 'eUE+e1b/14i426dO/eCknU0CeDgZW3UvIH+XTA+rGsg='],
  ]) {
    assert.deepEqual(await welcomed(t, peter, cra(extra)), [5, signature, {}]);
  }
});

test('a challenge that is malformed, too cheap or too dear is not signed', async (t) => {
  const salted = { salt: 'salt', iterations: 1000, keylen: 32 };
  for (const [extra, reason] of [
    [{ challenge: undefined }, /challenge must be a text, not undefined/],
    [{ challenge: 1 }, /challenge must be a text, not 1/],
    [{ ...salted, salt: 1 }, /salt must be a text, not 1/],
    [{ ...salted, iterations: 0 }, /iterations must be an integer from 1000 to 10000000, not 0/],
    [{ ...salted, iterations: 999 }, /iterations must be an integer from .*, not 999/],
    [{ ...salted, iterations: 10_000_001 }, /iterations must be an integer from .*, not 10000001/],
    [{ ...salted, iterations: 1000.5 }, /iterations must be .*, not 1000.5/],
    [{ ...salted, iterations: '1000' }, /iterations must be an integer/],
    [{ ...salted, keylen: 15 }, /keylen must be an integer from 16 to 1024, not 15/],
    [{ ...salted, keylen: 1025 }, /keylen must be an integer from .*, not 1025/],
  ]) {
    await left(t, auth.wampcra({ authid: 'peter', secret: 'secret123' }), cra(extra), reason);
  }
});

// ---- SCRAM ------------------------------------------------------------------------

/** What a router knows that has kept this password, by the formulas of RFC 5802. */
function scram(hello, password = 'pencil', change = {}) {
  const { nonce: ours } = hello[2].authextra;
  const asked = { nonce: `${ours}router`, salt: SALT, kdf: 'pbkdf2', iterations: 4096, memory: null, ...change };
  const salted = pbkdf2Sync(password, Buffer.from(asked.salt, 'base64'), asked.iterations, 32, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  const storedKey = createHash('sha256').update(clientKey).digest();
  const name = hello[2].authid.replaceAll('=', '=3D').replaceAll(',', '=2C');
  const message = `n=${name},r=${ours},r=${asked.nonce},s=${asked.salt},i=${asked.iterations},c=biws,r=${asked.nonce}`;
  const signature = hmac(storedKey, message);
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i])).toString('base64');
  return { asked, proof, verifier: hmac(hmac(salted, 'Server Key'), message).toString('base64') };
}

const scramRouter = (password, verifier = (v) => v) => ({
  challenge: (hello) => ['wamp-scram', scram(hello, password).asked],
  welcome: (hello, answer) => {
    const known = scram(hello, password);
    assert.deepEqual(answer, [5, known.proof, { nonce: known.asked.nonce, channel_binding: null, cbind_data: null }]);
    return { authmethod: 'wamp-scram', authextra: { verifier: verifier(known.verifier) } };
  },
});

test('a password is proved, and so is the router', async (t) => {
  await welcomed(t, auth.scram({ authid: 'joe', password: 'pencil' }), scramRouter('pencil'));
  await welcomed(t, auth.scram({ authid: 'joe', password: () => 'pencil' }), scramRouter('pencil', (v) => `v=${v}`));
  await welcomed(t, auth.scram({ authid: 'a,b=c', password: 'pencil' }), scramRouter('pencil'));
});

test('one authenticator serves several connections at the same time', async (t) => {
  const joe = auth.scram({ authid: 'joe', password: 'pencil' });
  await Promise.all(Array.from({ length: 4 }, () => welcomed(t, joe, scramRouter('pencil'))));
});

test('names and passwords are prepared as RFC 4013 says', async (t) => {
  for (const [written, meant] of [['I\u00adX', 'IX'], ['\u2168', 'IX'], ['\u00aa', 'a'], ['a\u00a0b', 'a b'], ['\u0627\u0628', '\u0627\u0628']]) {
    await welcomed(t, auth.scram({ authid: written, password: written }), {
      ...scramRouter(meant),
      challenge: (hello) => {
        assert.equal(hello[2].authid, meant);
        return ['wamp-scram', scram(hello, meant).asked];
      },
    });
  }
  for (const prohibited of ['', '\u00ad', '\u0007', '\u06271', '\u200e', '\ufffd', 'a\u0627']) {
    assert.throws(() => auth.scram({ authid: prohibited, password: 'x' }), AuthError, JSON.stringify(prohibited));
    await left(t, auth.scram({ authid: 'joe', password: prohibited }), scramRouter('pencil'), /the password (is empty|has characters)/);
  }
});

test('a router that does not know the password is left after WELCOME', async (t) => {
  const joe = auth.scram({ authid: 'joe', password: 'pencil' });
  const reason = /did not prove that it knows the password/;
  for (const verifier of [undefined, null, 1, '', 'v=', 'AAAA', 'v=v=AAAA', Buffer.alloc(32).toString('base64')]) {
    await left(t, joe, scramRouter('pencil', () => verifier), reason);
  }
  await left(t, joe, scramRouter('pencil', (v) => v.slice(0, -4)), reason);
  await left(t, joe, { welcome: () => ({ authmethod: 'wamp-scram', authextra: {} }) }, reason);
  await left(t, joe, { welcome: () => ({}) }, reason);
});

test('a challenge that is malformed, for another, too cheap or too dear is not answered', async (t) => {
  const argon = { kdf: 'argon2id13', iterations: 3, memory: 4096 };
  for (const [change, reason] of [
    [{ nonce: undefined }, /nonce must be a text/], [{ nonce: 1 }, /nonce must be a text/], [{ nonce: 'another' }, /nonce must be an extension of the client's/],
    [(ours) => ({ nonce: ours }), /nonce must be an extension of the client's/], [(ours) => ({ nonce: ours.slice(0, -1) }), /nonce must be an extension of the client's/],
    [(ours) => ({ nonce: `${ours}x,i=1` }), /nonce must be an extension/], [(ours) => ({ nonce: `${ours}x y` }), /nonce must be an extension/],
    [{ salt: undefined }, /salt must be a text/], [{ salt: '' }, /salt must be base64 of 8 bytes or more/], [{ salt: 'AAAAAAAA' }, /salt must be base64 of 8 bytes or more/],
    [{ salt: `${SALT} ` }, /salt must be base64 of 8 bytes or more/], [{ salt: SALT.replace(/=+$/, '') }, /salt must be base64 of 8 bytes or more/], [{ salt: '!' }, /salt must be base64 of 8 bytes or more/],
    [{ kdf: undefined }, /kdf must be pbkdf2 or argon2id13, not undefined/], [{ kdf: 'bcrypt' }, /kdf must be .*, not bcrypt/], [{ kdf: 'argon2id-13' }, /kdf must be .*, not argon2id-13/],
    [{ iterations: 0 }, /iterations must be an integer from .*, not 0/], [{ iterations: 4095 }, /iterations must be an integer from 4096 to 4000000, not 4095/],
    [{ iterations: 4_000_001 }, /iterations must be an integer from .*, not 4000001/], [{ iterations: '4096' }, /iterations must be an integer/],
    [{ channel_binding: 'tls-unique' }, /channel_binding must be null, not tls-unique/],
    [{ ...argon, memory: null }, /memory must be an integer/], [{ ...argon, memory: 4095 }, /memory must be an integer from .*, not 4095/], [{ ...argon, memory: 1_048_577 }, /memory must be an integer/],
    [{ ...argon, iterations: 2 }, /iterations must be an integer from 3 to 1024, not 2/], [{ ...argon, iterations: 1025 }, /iterations must be an integer from .*, not 1025/],
  ]) {
    await left(t, auth.scram({ authid: 'joe', password: 'pencil' }), {
      challenge: (hello) => {
        const known = scram(hello).asked;
        return ['wamp-scram', { ...known, ...(typeof change === 'function' ? change(hello[2].authextra.nonce) : change) }];
      },
    }, reason);
  }
});

test('a function may derive keys with Argon2id', async (t) => {
  // The salted password that Argon2id makes of `pencil`, computed elsewhere.
  const salted = Buffer.from('zJUqroBSWylW6ZS/zWPaiz8/r/X6zGFEghE7UbUP7Zg=', 'base64');
  const asked = [];
  const argon2id = (password, salt, cost) => {
    asked.push(Buffer.from(password).toString(), Buffer.from(salt).toString('base64'), cost);
    return salted;
  };
  const { router, joined } = await join(t, auth.scram({ authid: 'user', password: 'pencil', argon2id }), {
    challenge: (hello) => ['wamp-scram', { ...scram(hello).asked, kdf: 'argon2id13', iterations: 3, memory: 4096 }],
  });
  await rejection(joined);
  const { nonce } = (await router.message(1))[2].authextra;
  const [, proof] = await router.message(5);
  const clientKey = hmac(salted, 'Client Key');
  const message = `n=user,r=${nonce},r=${nonce}router,s=${SALT},i=3,c=biws,r=${nonce}router`;
  const signature = hmac(createHash('sha256').update(clientKey).digest(), message);
  assert.equal(proof, Buffer.from(clientKey.map((byte, i) => byte ^ signature[i])).toString('base64'));
  assert.deepEqual(asked, ['pencil', SALT, { iterations: 3, memory: 4096, parallelism: 1, length: 32 }]);
});

// ---- cryptosign -------------------------------------------------------------------

const VECTORS = [
  ['4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510', 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', 'b32675b221f08593213737bef8240e7c15228b07028e19595294678c90d11c0cae80a357331bfc5cc9fb71081464e6e75013517c2cf067ad566a6b7b728e5d03'],
  ['d511fe78e23934b3dadb52fcd022974b80bd92bccc7c5cf404e46cc0a8a2f5cd', 'b26c1f87c13fc1da14997f1b5a71995dff8fbe0a62fae8473c7bdbd05bfb607d', 'd4209ad10d5aff6bfbc009d7e924795de138a63515efc7afc6b01b7fe5201372190374886a70207b042294af5bd64ce725cd8dceb344e6d11c09d1aaaf4d660f'],
  ['6e1fde9cf9e2359a87420b65a87dc0c66136e66945196ba2475990d8a0c3a25b', 'b05e6b8ad4d69abf74aa3be3c0ee40ae07d66e1895b9ab09285a2f1192d562d2', '7beb282184baadd08f166f16dd683b39cab53816ed81e6955def951cb2ddad1ec184e206746fd82bda075af03711d3d5658fc84a76196b0fa8d1ebc92ef9f30b'],
];
const PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const pkcs8 = (seed) => Buffer.concat([PREFIX, Buffer.from(seed, 'hex')]);
const privateKey = (seed) => createPrivateKey({ key: pkcs8(seed), format: 'der', type: 'pkcs8' });
const publicKey = (seed) => createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
const [SEED, CHALLENGED, SIGNED] = VECTORS[0];

test('a challenge is signed with the private key, as the specification publishes it', async (t) => {
  for (const [seed, challenge, signature] of VECTORS) {
    const bytes = Uint8Array.from(Buffer.from(seed, 'hex'));
    const opaque = await webcrypto.subtle.importKey('pkcs8', pkcs8(seed), 'Ed25519', false, ['sign']);
    for (const options of [
      { privateKey: seed }, { privateKey: bytes }, { privateKey: seed.toUpperCase(), authid: 'joe' }, { privateKey: seed + publicKey(seed) },
      { privateKey: opaque, publicKey: publicKey(seed) }, { privateKey: opaque, publicKey: Buffer.from(publicKey(seed), 'hex') },
    ]) {
      const answer = await welcomed(t, auth.cryptosign(options), {
        challenge: (hello) => {
          assert.equal(hello[2].authid, options.authid);
          assert.deepEqual(hello[2].authextra, { pubkey: publicKey(seed), channel_binding: null });
          return ['cryptosign', { challenge, channel_binding: null }];
        },
      });
      assert.deepEqual(answer, [5, signature + challenge, {}]);
    }
  }
});

test('a key that is none is refused', async (t) => {
  const opaque = await webcrypto.subtle.importKey('pkcs8', pkcs8(SEED), 'Ed25519', false, ['sign']);
  for (const [options, reason] of [
    [{ privateKey: '' }, /the private key must be 32 bytes or 64 hexadecimal digits/], [{ privateKey: SEED.slice(1) }, /must be 32 bytes/],
    [{ privateKey: `x${SEED.slice(1)}` }, /must be 32 bytes/], [{ privateKey: new Uint8Array(31) }, /must be 32 bytes/],
    [{ privateKey: SEED + SEED }, /does not belong/], [{ privateKey: SEED, publicKey: SEED }, /does not belong/], [{ privateKey: opaque }, /needs its publicKey/],
  ]) {
    await unsaid(t, auth.cryptosign(options), reason);
  }
  assert.throws(() => auth.cryptosign({ privateKey: SEED, router: 'ab' }), AuthError);
});

test('a challenge that is malformed or bound to something is not signed', async (t) => {
  const good = { challenge: CHALLENGED };
  for (const [extra, reason] of [
    [{}, /challenge must be 64 hexadecimal digits/], [{ challenge: '' }, /challenge must be 64 hexadecimal digits/], [{ challenge: CHALLENGED.slice(2) }, /challenge must be 64 hexadecimal digits/],
    [{ challenge: `${CHALLENGED}00` }, /challenge must be 64 hexadecimal digits/], [{ challenge: 'x'.repeat(64) }, /challenge must be 64 hexadecimal digits/], [{ challenge: 1 }, /challenge must be 64 hexadecimal digits/],
    [{ ...good, channel_binding: 'tls-unique' }, /channel_binding must be null, not tls-unique/], [{ ...good, channel_binding: 1 }, /channel_binding must be null, not 1/],
  ]) {
    await left(t, auth.cryptosign({ privateKey: SEED }), { challenge: () => ['cryptosign', extra] }, reason);
  }
});

test('a router is trusted by its public key and by no other', async (t) => {
  const [routerSeed, otherSeed] = [VECTORS[1][0], VECTORS[2][0]];
  const trusting = auth.cryptosign({ privateKey: SEED, router: publicKey(routerSeed) });
  const proof = (seed, challenge) => sign(null, Buffer.from(challenge, 'hex'), privateKey(seed)).toString('hex') + challenge;
  const asked = new Set();
  const by = (change) => ({
    challenge: (hello) => {
      const { challenge } = hello[2].authextra;
      asked.add(challenge);
      const extra = { challenge: CHALLENGED, pubkey: publicKey(routerSeed), signature: proof(routerSeed, challenge) };
      return ['cryptosign', { ...extra, ...change(challenge) }];
    },
  });
  const answer = await welcomed(t, trusting, by(() => ({})));
  assert.equal(answer[1], SIGNED + CHALLENGED);
  for (const change of [
    () => ({ pubkey: undefined }), () => ({ signature: undefined }), () => ({ signature: '' }), () => ({ pubkey: publicKey(otherSeed) }),
    (c) => ({ pubkey: publicKey(otherSeed), signature: proof(otherSeed, c) }), (c) => ({ signature: proof(otherSeed, c) }),
    () => ({ signature: proof(routerSeed, CHALLENGED) }), (c) => ({ signature: proof(routerSeed, c).slice(0, 128) }),
    (c) => ({ signature: proof(routerSeed, CHALLENGED).slice(0, 128) + c }), (c) => ({ signature: '0'.repeat(128) + c }),
  ]) {
    await left(t, trusting, by(change), /did not prove to be the one expected/);
  }
  await left(t, trusting, { welcome: () => ({}) }, /did not prove to be the one expected/);
  assert.equal(asked.size, 11, 'something else each time');
});

test('a runtime that lacks the cryptography says so', async (t) => {
  const { subtle } = globalThis.crypto;
  const unsupported = () => Promise.reject(new DOMException('no', 'NotSupportedError'));
  const without = async (value, run) => {
    Object.defineProperty(globalThis.crypto, 'subtle', { value, configurable: true });
    try {
      await run();
    } finally {
      delete globalThis.crypto.subtle;
    }
  };
  await without({ importKey: unsupported }, () => unsaid(t, auth.cryptosign({ privateKey: SEED }), /needs Ed25519 in WebCrypto/));
  const reason = /no WebCrypto here: a page must come over https/;
  await without(undefined, () => left(t, auth.wampcra({ authid: 'joe', secret: 'x' }), cra({}), reason));
  assert.equal(globalThis.crypto.subtle, subtle);
});

// ---- several methods, and none ------------------------------------------------------

const several = () => [
  auth.cryptosign({ privateKey: SEED }), auth.scram({ authid: 'joe', password: 'pencil' }), auth.wampcra({ authid: 'joe', secret: 'secret123' }),
  auth.ticket({ authid: 'joe', ticket: 'token' }), auth.anonymous(),
];

test('of several methods the router chooses', async (t) => {
  const methods = ['cryptosign', 'wamp-scram', 'wampcra', 'ticket', 'anonymous'];
  const scripts = {
    cryptosign: { challenge: () => ['cryptosign', { challenge: CHALLENGED }] },
    'wamp-scram': scramRouter('pencil'),
    wampcra: cra({}),
    ticket: { challenge: () => ['ticket', {}] },
    anonymous: { welcome: () => ({ authmethod: 'anonymous' }) },
  };
  for (const method of methods) {
    const { router, joined } = await join(t, several(), scripts[method]);
    await (await joined).close();
    const [, , { authmethods, authid, authextra }] = await router.message(1);
    assert.deepEqual([authmethods, authid], [methods, 'joe']);
    assert.deepEqual(Object.keys(authextra).sort(), ['channel_binding', 'nonce', 'pubkey']);
  }
});

test('methods that contradict each other are not offered', async (t) => {
  for (const offered of [
    [auth.ticket({ authid: 'joe', ticket: 'x' }), auth.wampcra({ authid: 'jim', secret: 'x' })],
    [auth.cryptosign({ privateKey: SEED }), auth.cryptosign({ privateKey: VECTORS[1][0] })],
  ]) {
    await unsaid(t, offered, /contradict each other about '(authid|pubkey)'/);
  }
});

test('a router may not welcome by a method that was not offered', async (t) => {
  const script = (authmethod) => ({ welcome: () => ({ authmethod }) });
  await left(t, auth.ticket({ authid: 'joe', ticket: 'x' }), script('anonymous'), /method 'anonymous', which was not offered/);
  await left(t, undefined, script('cookie'), /method 'cookie', which was not offered/);
  for (const offered of [auth.cookie(), auth.certificate()]) {
    const { joined } = await join(t, [offered, auth.anonymous()], script(offered.method));
    const client = await joined;
    assert.equal(client.session.authmethod, offered.method);
    await client.close();
  }
});

test('two rounds are two proofs, and each counts', async (t) => {
  for (const proves of [true, false]) {
    const router = await startScripted((message, send) => {
      const hello = message[0] === 1 ? message : router.received.find(([code]) => code === 1);
      const known = scram(hello);
      if (message[0] === 1) send(4, 'wamp-scram', known.asked);
      else if (message[0] === 5 && message[1] === known.proof) send(4, 'ticket', {});
      else if (message[0] === 5) send(2, 1, { roles: ROLES, authextra: proves ? { verifier: known.verifier } : {} });
      return message[0] !== 6;
    });
    t.after(() => router.stop());
    const offered = [auth.scram({ authid: 'joe', password: 'pencil' }), auth.ticket({ authid: 'joe', ticket: 'one-time' })];
    const joined = connect(router.url, { realm: 'realm1', serializers: ['json'], auth: offered });
    if (proves) await (await joined).close();
    else assert.match((await rejection(joined)).message, /did not prove/);
    assert.deepEqual((await router.message(5, 2))[1], 'one-time');
  }
});

test('a ticket is not shown where others can read it, not even among other methods', async () => {
  for (const [url, confidential] of [
    ['ws://router.example/ws', false], ['ws://localhost.example/', false], ['ws://127.0.0.1.example/', false], ['ws://192.168.0.1/', false],
    ['wss://router.example/ws', true], ['ws://localhost:1/', true], ['ws://app.localhost:1/', true], ['ws://127.0.0.1:1/', true], ['ws://[::1]:1/', true],
  ]) {
    const tried = [];
    const webSocket = (address) => {
      tried.push(address);
      throw new Error('not today');
    };
    const error = await rejection(connect(url, { realm: 'realm1', auth: several(), webSocket, reconnect: false }));
    assert.equal(error instanceof AuthError, !confidential, url);
    assert.equal(tried.length, confidential ? 1 : 0, url);
    if (!confidential) assert.match(error.message, /'ticket' sends a secret: use wss:\/\//);
  }
});

test('a verdict may take time, and what follows WELCOME waits for it', async (t) => {
  const mine = (verify) => ({ method: 'x-mine', verify });
  let judge;
  const verdict = new Promise((resolve) => (judge = resolve));
  const { router, joined } = await join(t, mine(() => verdict), { welcome: () => ({ authextra: { a: 1 } }) });
  let open = false;
  void joined.then(() => (open = true));
  await router.message(1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(open, false);
  judge();
  await (await joined).close();
  await left(t, mine(async ({ authextra }) => { throw new Error(`no ${authextra.a}`); }), { welcome: () => ({ authextra: { a: 1 } }) }, /^no 1$/);
});
