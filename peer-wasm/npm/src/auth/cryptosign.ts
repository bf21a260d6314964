import type { AuthContext, Authenticator, CryptosignOptions } from '../../index.js';
import { fromBase64 } from '../base64.js';
import { refused } from '../errors.js';
import { fromHex, hex, imported, random, subtle, unbound, unexpected, type Bytes, type Extra } from './proof.js';

const ED25519 = 'Ed25519';

/** What comes before the seed of a private key in PKCS #8 (RFC 8410). */
const PKCS8 = '302e020100300506032b657004220420';

interface Pair {
  readonly key: CryptoKey;
  readonly publicKey: string;
}

/** A signature with a private key ("WAMP: Cryptosign-based Authentication"). */
export function cryptosign({ authid, privateKey, publicKey, router }: CryptosignOptions): Authenticator {
  const trusted = router === undefined ? undefined : octets(router, 'the public key of the router');
  /** What routers have to sign. */
  const asked = new WeakMap<AuthContext, string>();
  let pair: Promise<Pair> | undefined;
  const load = () => (pair ??= loadPair(privateKey, publicKey));
  return {
    method: 'cryptosign',
    authid,
    async hello(context) {
      const authextra: Record<string, unknown> = { pubkey: (await load()).publicKey, channel_binding: null };
      if (trusted) asked.set(context, (authextra['challenge'] = hex(random(32))) as string);
      return { authextra };
    },
    async respond({ extra }, context) {
      unbound(extra);
      if (trusted && !(await isSigned(extra, trusted, asked.get(context)!))) throw untrusted();
      asked.delete(context);
      const challenge = fromHex(extra['challenge']);
      if (challenge.length !== 32) throw unexpected(extra, 'challenge', '64 hexadecimal digits');
      return hex(new Uint8Array(await subtle().sign(ED25519, (await load()).key, challenge))) + hex(challenge);
    },
    verify(_welcome, context) {
      if (asked.has(context)) throw untrusted();
    },
  };
}

/** Whether the router has this key and signed what it was asked to. */
async function isSigned(extra: Extra, trusted: Bytes, challenge: string): Promise<boolean> {
  const signed = fromHex(extra['signature']);
  const signature = signed.subarray(0, 64);
  const text = signed.subarray(64);
  return String(extra['pubkey']).toLowerCase() === hex(trusted) && hex(text) === challenge
    && subtle().verify(ED25519, await ed25519(trusted, 'verify'), signature, text);
}

const untrusted = () => refused('the router did not prove to be the one expected');

async function loadPair(given: CryptosignOptions['privateKey'], publicKey: CryptosignOptions['publicKey']): Promise<Pair> {
  if (typeof given !== 'string' && !(given instanceof Uint8Array)) {
    if (publicKey === undefined) throw refused('a CryptoKey needs its publicKey beside it');
    return { key: given, publicKey: hex(octets(publicKey, 'the public key')) };
  }
  // The public key may stand behind it.
  const bytes = octets(given, 'the private key', 64);
  const key = await ed25519(Uint8Array.of(...fromHex(PKCS8), ...bytes.subarray(0, 32)), 'sign', 'pkcs8');
  const { x } = await subtle().exportKey('jwk', key);
  const own = hex(fromBase64(x!.replace(/-/g, '+').replace(/_/g, '/'))!);
  const claimed = publicKey ?? (bytes[32] === undefined ? own : bytes.subarray(32));
  if (hex(octets(claimed, 'the public key')) !== own) throw refused('the public key does not belong to the private key');
  return { key, publicKey: own };
}

/** The bytes of a key: 32, or as many as `pair` says. */
function octets(given: string | Uint8Array, what: string, pair = 32): Bytes {
  const bytes = typeof given === 'string' ? fromHex(given) : Uint8Array.from(given);
  if (![32, pair].includes(bytes.length)) throw refused(`${what} must be 32 bytes or 64 hexadecimal digits`);
  return bytes;
}

function ed25519(key: Bytes, use: KeyUsage, format?: string): Promise<CryptoKey> {
  return imported(key, ED25519, use, format).catch((cause) => {
    // Older runtimes have WebCrypto, but not this algorithm.
    throw cause.name === 'NotSupportedError'
      ? refused('cryptosign needs Ed25519 in WebCrypto, which is not there', { cause })
      : cause;
  });
}
