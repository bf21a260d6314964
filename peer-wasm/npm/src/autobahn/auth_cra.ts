import { hmac } from '@noble/hashes/hmac.js';
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { base64 } from '../base64.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The key of a salted secret. */
export function derive_key(secret: string, salt: string, iterations?: number, keylen?: number): string {
  return base64(pbkdf2(sha256, utf8(secret), utf8(salt), { c: iterations || 1000, dkLen: keylen || 32 }));
}

/** The answer to a challenge. */
export function sign(key: string, challenge: string): string {
  return base64(hmac(sha256, utf8(key), utf8(challenge)));
}
