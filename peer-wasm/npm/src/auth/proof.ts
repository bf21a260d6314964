import type { Secret } from '../../index.js';
import { UTF8 } from '../utf8.js';
import { AuthError } from '../errors.js';

export type Bytes = Uint8Array<ArrayBuffer>;

const HASH = { name: 'HMAC', hash: 'SHA-256' };

/** What the client itself refuses, or cannot do. */
export function refused(message: string, init?: { cause: unknown }): AuthError {
  return new AuthError('wamp.error.authentication_failed', { ...init, message });
}

/** The router said something, or failed to, that cannot be answered. */
export function malformed(key: string): AuthError {
  return refused(`the router's ${key} is missing or malformed`);
}

export async function reveal(secret: Secret): Promise<string> {
  return typeof secret === 'function' ? secret() : secret;
}

/** WebCrypto, which browsers only have where nobody could have changed the page. */
export function subtle(): SubtleCrypto {
  const { subtle } = crypto;
  if (!subtle) throw refused('there is no WebCrypto here: a page must come over https: or from localhost');
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

export async function hmac(key: Bytes, text: Bytes): Promise<Bytes> {
  return new Uint8Array(await subtle().sign(HASH.name, await imported(key, HASH, 'sign'), text));
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

/** A number of the router: an integer between two bounds. */
export function bounded(extra: Readonly<Record<string, unknown>>, key: string, least: number, most: number, otherwise?: number): number {
  const value = (extra[key] ?? otherwise) as number;
  if (!Number.isInteger(value)) throw malformed(key);
  if (value < least || value > most) throw refused(`the router asks for ${key} of ${value}; accepted is ${least} to ${most}`);
  return value;
}

/** A text of the router. */
export function text(extra: Readonly<Record<string, unknown>>, key: string): string {
  const value = extra[key];
  if (typeof value !== 'string') throw malformed(key);
  return value;
}

/** This client binds to nothing, so a router that says it does is not understood. */
export function unbound(extra: Readonly<Record<string, unknown>>): void {
  const found = extra['channel_binding'];
  if (found != null) throw refused(`the router binds to ${found}, which was not asked for`);
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** `length` bytes from hexadecimal digits; `undefined` if it is anything else. */
export function fromHex(digits: unknown, length: number): Bytes | undefined {
  const pairs = String(digits).match(/../g) ?? [];
  if (pairs.join('') !== digits || pairs.length !== length || /[^0-9a-f]/i.test(digits)) return undefined;
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

/** Whether both are the same, found out in a time that does not tell where they differ. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ (b[i] ?? 0);
  return difference === 0;
}
