import { base64 } from '../base64.js';
import { MAX_DEPTH, asBinary, checkBigint, checkDepth, notEncodable, simplified, wellFormed } from './values.js';

/**
 * JSON text of a value, with binary as `"\u0000"` and base64, and `bigint` as a plain integer.
 * `NaN` and the infinities become `null`: JSON has no word for them.
 */
export function json(value: unknown, depth = 0): string {
  if (isPlain(value, depth)) {
    const text = JSON.stringify(value) ?? 'null';
    // Halves of surrogate pairs come out as escapes that other parsers refuse.
    if (!text.includes('\\ud')) return text;
  }
  return write(value, depth);
}

/** Whether `JSON.stringify` does what we mean. */
function isPlain(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'object':
      return value === null || (depth < MAX_DEPTH && isPlainObject(value as Record<string, unknown>, depth + 1));
    case 'bigint':
    case 'function':
    case 'symbol':
      return false;
    default:
      return true;
  }
}

function isPlainObject(value: Record<string, unknown>, depth: number): boolean {
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isPlain(value[i], depth)) return false;
    return true;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  // A method `toJSON` is a function among the values.
  for (const key in value) if (!isPlain(value[key], depth)) return false;
  return true;
}

function write(value: unknown, depth: number): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(wellFormed(value));
    case 'number':
    case 'boolean':
      return JSON.stringify(value);
    case 'undefined':
      return 'null';
    case 'bigint':
      return String(checkBigint(value));
    case 'object':
      return value === null ? 'null' : writeObject(value, depth);
    default:
      throw notEncodable(value);
  }
}

function writeObject(value: object, depth: number): string {
  checkDepth(depth);
  if (Array.isArray(value)) return writeList(value, depth);
  const binary = asBinary(value);
  if (binary) return `"\\u0000${base64(binary)}"`;
  if (typeof (value as any).toJSON === 'function') return write((value as any).toJSON(), depth + 1);
  const simple = simplified(value);
  if (simple !== value) return write(simple, depth + 1);
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  return `{${entries.map(([k, v]) => `${write(k, 0)}:${write(v, depth + 1)}`).join()}}`;
}

function writeList(items: readonly unknown[], depth: number): string {
  // Not `map`: it skips the holes of sparse arrays.
  return `[${Array.from(items, (item) => write(item, depth + 1)).join()}]`;
}
