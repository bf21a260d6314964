import type { Argon2id, AuthContext, AuthResponse, Authenticator, Challenge, Secret } from '../../index.js';
import { base64, fromBase64 } from '../base64.js';
import { refused } from '../errors.js';
import { loaded } from '../loaded.js';
import {
  bounded, hmac, hmacKey, pbkdf2, random, reveal, sha256, subtle, text, unbound, unexpected, utf8, type Bytes, type Extra,
} from './proof.js';
import { saslprep } from './saslprep.js';

/** One attempt: our nonce, and later what the router has to say in WELCOME. */
interface Exchange {
  readonly nonce: string;
  key?: CryptoKey;
  message?: Bytes;
}

/** A password that the router does not know ("WAMP: Salted Challenge Response Authentication"). */
export function scram({ authid, password, argon2id }: { authid: string; password: Secret; argon2id?: Argon2id }): Authenticator {
  const name = saslprep(authid, 'authid');
  const exchanges = new WeakMap<AuthContext, Exchange>();
  return {
    method: 'wamp-scram',
    authid: name,
    hello(context) {
      const nonce = base64(random(16));
      exchanges.set(context, { nonce });
      return { authextra: { nonce, channel_binding: null } };
    },
    async respond({ extra }: Challenge, context) {
      return respond(name, exchanges.get(context)!, extra, await reveal(password), argon2id);
    },
    async verify({ authextra }, context) {
      const { key, message } = exchanges.get(context)!;
      const given = fromBase64(String(authextra['verifier']).replace(/^v=/, ''));
      if (!key || !given || !(await subtle().verify('HMAC', key, given, message!))) throw refused('the router did not prove that it knows the password');
    },
  };
}

async function respond(
  name: string, exchange: Exchange, extra: Extra, password: string, argon2id: Argon2id | undefined,
): Promise<AuthResponse> {
  const ours = exchange.nonce;
  const nonce = text(extra, 'nonce');
  if (!nonce.startsWith(ours) || !/^[!-+\--~]+$/.test(nonce.slice(ours.length))) throw unexpected(extra, 'nonce', "an extension of the client's");
  unbound(extra);
  const saltText = text(extra, 'salt');
  const salt = fromBase64(saltText);
  // `atob` forgives white space and missing padding, which would be signed as they are.
  if (!salt || salt.length < 8 || base64(salt) !== saltText) throw unexpected(extra, 'salt', 'base64 of 8 bytes or more');
  const salted = await derive(extra, utf8(saslprep(password, 'password')), salt, argon2id);
  const clientKey = await hmac(salted, utf8('Client Key'));
  const message = utf8([
    `n=${name.replace(/=/g, '=3D').replace(/,/g, '=2C')},r=${ours}`,
    `r=${nonce},s=${saltText},i=${extra['iterations']}`,
    // Base64 of `n,,`: bound to nothing.
    `c=biws,r=${nonce}`,
  ].join());
  const signature = await hmac(await sha256(clientKey), message);
  exchange.key = await hmacKey(await hmac(salted, utf8('Server Key')), 'verify');
  exchange.message = message;
  return {
    signature: base64(clientKey.map((byte, i) => byte ^ signature[i]!)),
    extra: { nonce, channel_binding: null, cbind_data: null },
  };
}

/** The salted password. The proof does not cover how it is derived, so that has bounds. */
async function derive(
  extra: Extra, password: Bytes, salt: Bytes, argon2id: Argon2id | undefined,
): Promise<Bytes> {
  const { kdf } = extra;
  if (kdf === 'pbkdf2') return pbkdf2(password, salt, bounded(extra, 'iterations', 4096, 4_000_000), 32);
  if (kdf !== 'argon2id13') throw unexpected(extra, 'kdf', 'pbkdf2 or argon2id13');
  const memory = bounded(extra, 'memory', 4096, 1_048_576);
  const iterations = bounded(extra, 'iterations', Math.ceil(12_288 / memory), Math.floor(4_194_304 / memory));
  const derived = await (argon2id ?? (await builtIn()))(password, salt, { iterations, memory, parallelism: 1, length: 32 });
  if (derived.length !== 32) throw refused('the `argon2id` function did not return 32 bytes');
  return Uint8Array.from(derived);
}

/** WebCrypto has no Argon2id, and few routers ask for it: a module of its own, loaded when one does. */
async function builtIn(): Promise<Argon2id> {
  return (await loaded('argon2.js', import('wamplex:argon2'))).argon2id;
}
