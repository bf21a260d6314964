import type { AuthContext, Authenticator, Challenge, CryptosignOptions } from '../../index.js';
import { fromBase64 } from '../base64.js';
import { fromHex, hex, imported, malformed, random, refused, subtle, unbound, type Bytes } from './proof.js';

const ED25519 = 'Ed25519';

/** What comes before the seed of a private key in PKCS #8 (RFC 8410). */
const PKCS8 = '302e020100300506032b657004220420';

interface Pair {
  readonly key: CryptoKey;
  readonly publicKey: string;
}

/** A signature with a private key ("WAMP: Cryptosign-based Authentication"). */
export function cryptosign({ authid, privateKey, publicKey, router }: CryptosignOptions): Authenticator {
  const trusted = router === undefined ? undefined : octets(router, 32, 'the public key of the router');
  const asked = new WeakMap<AuthContext, Bytes>();
  let pair: Promise<Pair> | undefined;
  const load = () => (pair ??= loadPair(privateKey, publicKey));
  return {
    method: 'cryptosign',
    authid,
    async hello(context) {
      const authextra: Record<string, unknown> = { pubkey: (await load()).publicKey, channel_binding: null };
      if (trusted) {
        const challenge = random(32);
        asked.set(context, challenge);
        authextra['challenge'] = hex(challenge);
      }
      return { authextra };
    },
    async respond({ extra }: Challenge, context) {
      unbound(extra);
      if (trusted) {
        await checkRouter(extra, trusted, asked.get(context)!);
        asked.delete(context);
      }
      const challenge = fromHex(extra['challenge'], 32);
      if (!challenge) throw malformed('challenge');
      const signature = new Uint8Array(await subtle().sign(ED25519, (await load()).key, challenge));
      return hex(signature) + hex(challenge);
    },
    verify(_welcome, context) {
      if (asked.has(context)) throw untrusted();
    },
  };
}

async function checkRouter(extra: Challenge['extra'], trusted: Bytes, challenge: Bytes): Promise<void> {
  const signed = fromHex(extra['signature'], 96);
  const signs = String(extra['pubkey']).toLowerCase() === hex(trusted) && signed && hex(signed.subarray(64)) === hex(challenge);
  if (!signs) throw untrusted();
  const key = await available(imported(trusted, ED25519, 'verify'));
  if (!(await subtle().verify(ED25519, key, signed.subarray(0, 64), challenge))) throw untrusted();
}

const untrusted = () => refused('the router did not prove to be the one expected');

async function loadPair(given: CryptosignOptions['privateKey'], publicKey: CryptosignOptions['publicKey']): Promise<Pair> {
  if (typeof given !== 'string' && !(given instanceof Uint8Array)) {
    if (publicKey === undefined) throw refused('a CryptoKey needs its publicKey beside it');
    return { key: given, publicKey: hex(octets(publicKey, 32, 'the public key')) };
  }
  const isPair = given.length === (typeof given === 'string' ? 128 : 64);
  const bytes = octets(given, isPair ? 64 : 32, 'the private key');
  const packed = Uint8Array.of(...fromHex(PKCS8, 16)!, ...bytes.subarray(0, 32));
  const key = await available(imported(packed, ED25519, 'sign', 'pkcs8'));
  const { x } = await subtle().exportKey('jwk', key);
  const own = hex(fromBase64(x!.replace(/-/g, '+').replace(/_/g, '/'))!);
  const claimed = publicKey ?? (isPair ? bytes.subarray(32) : own);
  if (hex(octets(claimed, 32, 'the public key')) !== own) throw refused('the public key does not belong to the private key');
  return { key, publicKey: own };
}

function octets(given: string | Uint8Array, length: number, what: string): Bytes {
  const bytes = typeof given === 'string' ? fromHex(given, length) : given.length === length ? Uint8Array.from(given) : undefined;
  if (!bytes) throw refused(`${what} is malformed: expected ${length} bytes or ${2 * length} hexadecimal digits`);
  return bytes;
}

/** Older runtimes have WebCrypto, but not this algorithm. */
function available(key: Promise<CryptoKey>): Promise<CryptoKey> {
  return key.catch((cause: Error) => {
    if (cause.name !== 'NotSupportedError') throw cause;
    throw refused('no Ed25519 in WebCrypto here, which cryptosign needs: Node 20, Chrome 137, Firefox 129 and Safari 17 have it', { cause });
  });
}
