import type { Secret } from '../../index.js';
import { UTF8 } from '../utf8.js';
import { refused, type AuthError } from '../errors.js';

export type Bytes = Uint8Array<ArrayBuffer>;
/** Of CHALLENGE. */
export type Extra = Readonly<Record<string, unknown>>;

const HASH = { name: 'HMAC', hash: 'SHA-256' };

/** What CHALLENGE says under this key cannot be answered. */
export function unexpected(extra: Extra, key: string, expected: string): AuthError {
  return refused(`the router's ${key} must be ${expected}, not ${extra[key]}`);
}

export async function reveal(secret: Secret): Promise<string> {
  return typeof secret === 'function' ? secret() : secret;
}

/** WebCrypto, which browsers only have where nobody could have changed the page. */
export function subtle(): SubtleCrypto {
  const { subtle } = crypto;
  if (!subtle) throw refused('no WebCrypto here: a page must come over https: or from localhost');
  return subtle;
}

export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

export const utf8 = (text: string): Bytes => UTF8.encode(text) as Bytes;

/** A key for one use. Private ones are `pkcs8`, and can be taken out again. */
export function imported(key: Bytes, algorithm: string | HmacImportParams, use: KeyUsage, format = 'raw'): Promise<CryptoKey> {
  return subtle().importKey(format as 'raw', key, algorithm, format !== 'raw', [use]);
}

export function hmacKey(key: Bytes, use: KeyUsage): Promise<CryptoKey> {
  return imported(key, HASH, use);
}

export async function hmac(key: Bytes, text: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle().sign(HASH, await hmacKey(key, 'sign'), text));
}

export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle().digest(HASH.hash, bytes));
}

/** PBKDF2 with HMAC-SHA-256. */
export async function pbkdf2(password: Bytes, salt: Bytes, iterations: number, length: number): Promise<Bytes> {
  const name = 'PBKDF2';
  const key = await imported(password, name, 'deriveBits');
  return new Uint8Array(await subtle().deriveBits({ name, hash: HASH.hash, salt, iterations }, key, length * 8));
}

/** An integer between two bounds. */
export function bounded(extra: Extra, key: string, least: number, most: number, otherwise?: number): number {
  const value = (extra[key] ?? otherwise) as number;
  if (!Number.isInteger(value) || value < least || value > most) throw unexpected(extra, key, `an integer from ${least} to ${most}`);
  return value;
}

export function text(extra: Extra, key: string): string {
  const value = extra[key];
  if (typeof value !== 'string') throw unexpected(extra, key, 'a text');
  return value;
}

/** This client binds to nothing, so a router that says it does is not understood. */
export function unbound(extra: Extra): void {
  if (extra['channel_binding'] != null) throw unexpected(extra, 'channel_binding', 'null');
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The bytes of hexadecimal digits; none if it is anything else. */
export function fromHex(digits: unknown): Bytes {
  const pairs = /^([\da-f]{2})+$/i.test(digits as string) ? String(digits).match(/../g)! : [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}
