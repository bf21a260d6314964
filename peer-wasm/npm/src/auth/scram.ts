import type { Argon2id, AuthContext, AuthResponse, Authenticator, Challenge, Secret } from '../../index.js';
import { base64, fromBase64 } from '../base64.js';
import { networkFailure } from '../errors.js';
import { bounded, hmac, malformed, pbkdf2, random, refused, reveal, same, sha256, text, unbound, utf8, type Bytes } from './proof.js';
import { saslprep } from './saslprep.js';

/** One attempt: our nonce, and later what the router has to say in WELCOME. */
interface Exchange {
  readonly nonce: string;
  expected?: Bytes;
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
    async respond(challenge: Challenge, context) {
      const exchange = exchanges.get(context)!;
      const { answer, expected } = await respond(name, exchange.nonce, challenge.extra, await reveal(password), argon2id);
      exchange.expected = expected;
      return answer;
    },
    verify({ authextra }, context) {
      const expected = exchanges.get(context)?.expected;
      const given = fromBase64(String(authextra['verifier']).replace(/^v=/, ''));
      if (!expected || !given || !same(expected, given)) throw refused('the router did not prove that it knows the password');
    },
  };
}

async function respond(
  name: string, ours: string, extra: Readonly<Record<string, unknown>>, password: string, argon2id: Argon2id | undefined,
): Promise<{ answer: AuthResponse; expected: Bytes }> {
  const nonce = text(extra, 'nonce');
  if (!nonce.startsWith(ours) || nonce.length === ours.length) throw refused("the router's nonce does not extend the client's");
  if (!/^[!-+\--~]*$/.test(nonce)) throw malformed('nonce');
  unbound(extra);
  const saltText = text(extra, 'salt');
  const salt = fromBase64(saltText);
  // `atob` forgives white space and missing padding, which would be signed as they are.
  if (!salt || salt.length < 8 || base64(salt) !== saltText) throw malformed('salt');
  const salted = await derive(extra, utf8(saslprep(password, 'password')), salt, argon2id);
  const clientKey = await hmac(salted, utf8('Client Key'));
  const message = utf8([
    `n=${name.replace(/=/g, '=3D').replace(/,/g, '=2C')},r=${ours}`,
    `r=${nonce},s=${saltText},i=${extra['iterations']}`,
    `c=${base64(utf8('n,,'))},r=${nonce}`,
  ].join(','));
  const signature = await hmac(await sha256(clientKey), message);
  const proof = clientKey.map((byte, i) => byte ^ signature[i]!);
  const expected = await hmac(await hmac(salted, utf8('Server Key')), message);
  const answer = { signature: base64(proof), extra: { nonce, channel_binding: null, cbind_data: null } };
  return { answer, expected };
}

/** The salted password. The proof does not cover how it is derived, so that has bounds. */
async function derive(
  extra: Readonly<Record<string, unknown>>, password: Bytes, salt: Bytes, argon2id: Argon2id | undefined,
): Promise<Bytes> {
  const kdf = text(extra, 'kdf');
  if (kdf === 'pbkdf2') return pbkdf2(password, salt, bounded(extra, 'iterations', 4096, 4_000_000), 32);
  if (kdf !== 'argon2id13') throw refused(`the router's key derivation '${kdf}' is not known`);
  const memory = bounded(extra, 'memory', 4096, 1_048_576);
  const iterations = bounded(extra, 'iterations', Math.ceil(12_288 / memory), Math.floor(4_194_304 / memory));
  const derived = await (argon2id ?? (await builtIn()))(password, salt, { iterations, memory, parallelism: 1, length: 32 });
  if (derived.length !== 32) throw refused('the `argon2id` function did not return 32 bytes');
  return Uint8Array.from(derived);
}

/** WebCrypto has no Argon2id, and few routers ask for it: a module of its own, loaded when one does. */
async function builtIn(): Promise<Argon2id> {
  try {
    return (await import('wamplex:argon2')).argon2id;
  } catch (cause) {
    throw networkFailure(`cannot load the module for Argon2id: ${(cause as Error).message}`, { cause });
  }
}
