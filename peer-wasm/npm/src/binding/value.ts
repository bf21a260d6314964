import { asBinary } from '../encode/values.js';

/** Whether two values say the same to who receives them. Of what cannot be sent, only the very same is the same. */
export function equal(a: unknown, b: unknown): boolean {
  const [x, y] = [plain(a), plain(b)];
  if (Object.is(x, y)) return true;
  if (!isObject(x) || !isObject(y)) return false;
  const [one, other] = [asBinary(x), asBinary(y)];
  if (one || other) return one?.length === other?.length && one!.every((byte, index) => byte === other![index]);
  const keys = Object.keys(x);
  return (
    Array.isArray(x) === Array.isArray(y) && keys.length === Object.keys(y).length &&
    keys.every((key) => Object.hasOwn(y, key) && equal(x[key], y[key]))
  );
}

/** The same lists and objects anew: what changes later is not in it. */
export function copy<T>(value: T): T {
  if (!isObject(value)) return value;
  if (Array.isArray(value)) return value.map(copy) as T;
  if (value instanceof Map) return new Map([...value].map(copy)) as T;
  if (value instanceof Set) return new Set([...value].map(copy)) as T;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)])) as T;
}

/** As the encoders see it. */
function plain(value: unknown): unknown {
  if (!isObject(value)) return value;
  if (typeof value['toJSON'] === 'function') return value['toJSON']();
  if (value instanceof Map) return Object.fromEntries(value);
  return value instanceof Set ? [...value] : value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
