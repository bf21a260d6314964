import { base64 } from '../base64.js';

export { deferred_factory, promise } from './deferred.js';

type ErrorHandler = ((error: any, message?: string) => void) | null | undefined;

/** Base64 as bytes. */
export function atob(text?: string | null): Uint8Array | null {
  return text ? Uint8Array.from(globalThis.atob(text), (char) => char.charCodeAt(0)) : null;
}

/** Bytes as base64. */
export function btoa(bytes?: Uint8Array | null): string | null {
  return bytes ? base64(bytes) : null;
}

/** Bytes as hexadecimal digits. */
export function btoh(bytes?: ArrayLike<number> | null): string | null {
  return bytes ? Array.from(bytes, (byte) => (byte & 0xff).toString(16).padStart(2, '0')).join('') : null;
}

/** Hexadecimal digits as bytes. */
export function htob(digits?: string | null): Uint8Array | null {
  if (!digits) return null;
  if (typeof digits !== 'string') throw new TypeError('Expected input to be a string');
  if (digits.length % 2 !== 0) throw new RangeError('Expected string to be an even number of characters');
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}

/** A random number of a normal distribution, by Box and Muller. */
export function rand_normal(mean?: number, sd?: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
  return (mean || 0) + radius * Math.cos(2 * Math.PI * Math.random()) * (sd || 1);
}

export function is_object(value: unknown): boolean {
  return !Array.isArray(value) && (value instanceof Object || typeof value === 'object');
}

export function assert(condition: unknown, text?: string): asserts condition {
  if (!condition) throw new Error(text || 'Assertion failed!');
}

/** Hands an error to the application's handler, or prints it. */
export function handle_error(handler: ErrorHandler, error: unknown, message?: string): void {
  if (typeof handler === 'function') handler(error, message);
  else console.error(message || 'Unhandled exception raised: ', error);
}

export function new_global_id(): number {
  return Math.floor(Math.random() * 2 ** 53) + 1;
}

/** Fills what `base` does not have from the other objects; a last `true` does so at every depth. */
export function defaults(base: any = {}, ...sources: any[]): any {
  const recursive = typeof sources.at(-1) === 'boolean' && sources.pop();
  sources.forEach((source, i) => {
    if (!source) return;
    if (typeof source !== 'object') throw new Error(`Expected argument at index ${i + 1} to be an object`);
    for (const key of Object.keys(source)) {
      if (!(key in base)) base[key] = source[key];
      else if (recursive && [base[key], source[key]].every((value) => value && typeof value === 'object')) {
        defaults(base[key], source[key], true);
      }
    }
  });
  return base;
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Runs a function; what it returns, or throws, settles the promise. */
export function as_promise(run: (...args: any[]) => any, ...args: unknown[]): Promise<any> {
  return new Promise((resolve) => resolve(run(...args)));
}

/** Only where `fs` is a global variable, which it is nowhere. */
export const read_file = null;

/** Resolves to the text of the answer, or to nothing for 204. */
export function http_post(url: string, data?: any, timeout?: number): Promise<string | undefined> {
  const headers = { 'Content-type': 'application/json; charset=utf-8' };
  return http(url, timeout, { method: 'POST', headers, ...(data && { body: data }) });
}

export async function http_get_json(url: string, timeout?: number): Promise<any> {
  const text = await http(url, timeout, {});
  return text && JSON.parse(text);
}

async function http(url: string, timeout: number | undefined, init: RequestInit): Promise<string | undefined> {
  const limit = timeout && timeout > 0 ? { signal: AbortSignal.timeout(timeout) } : {};
  try {
    const response = await fetch(url, { credentials: 'include', ...limit, ...init });
    if (response.status === 200) return await response.text();
    if (response.status === 204) return undefined;
    throw { code: response.status, text: response.statusText };
  } catch (error) {
    if ((error as Error).name === 'TimeoutError') throw { code: 501, text: 'request timeout' };
    throw error instanceof TypeError ? { code: 0, text: '' } : error;
  }
}
