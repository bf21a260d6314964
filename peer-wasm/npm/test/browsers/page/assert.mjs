// As much of node:assert/strict as the tests use.

export class AssertionError extends Error {
  code = 'ERR_ASSERTION';

  static {
    this.prototype.name = 'AssertionError';
  }
}

function assert(value, message) {
  if (!value) throw failure(message, `expected something true, not ${shown(value)}`);
}

assert.ok = assert;

assert.fail = (message = 'failed') => {
  throw failure(message);
};

assert.equal = (actual, expected, message) => {
  if (!Object.is(actual, expected)) throw failure(message, `expected ${shown(expected)}, not ${shown(actual)}`);
};

assert.notEqual = (actual, expected, message) => {
  if (Object.is(actual, expected)) throw failure(message, `expected anything but ${shown(expected)}`);
};

assert.deepEqual = (actual, expected, message) => {
  if (!alike(actual, expected)) throw failure(message, `expected ${shown(expected)}, not ${shown(actual)}`);
};

assert.notDeepEqual = (actual, expected, message) => {
  if (alike(actual, expected)) throw failure(message, `expected anything but ${shown(expected)}`);
};

assert.match = (text, pattern, message) => {
  if (typeof text !== 'string' || !pattern.test(text)) throw failure(message, `${shown(text)} does not match ${pattern}`);
};

assert.doesNotMatch = (text, pattern, message) => {
  if (typeof text !== 'string' || pattern.test(text)) throw failure(message, `${shown(text)} matches ${pattern}`);
};

assert.throws = (run, expected, message) => {
  let thrown;
  try {
    run();
  } catch (error) {
    thrown = { error };
  }
  judge(thrown, expected, message);
};

assert.rejects = async (given, expected, message) => {
  const promise = typeof given === 'function' ? given() : given;
  judge(await promise.then(() => undefined, (error) => ({ error })), expected, message);
};

assert.doesNotThrow = (run) => run();
assert.strict = assert;

export const { ok, fail, equal, notEqual, deepEqual, notDeepEqual, match, doesNotMatch, throws, rejects, doesNotThrow } = assert;
export default assert;

function judge(thrown, expected, message) {
  if (!thrown) throw failure(message, 'nothing was thrown');
  const { error } = thrown;
  if (expected === undefined || typeof expected === 'string') return;
  if (expected instanceof RegExp) return assert.match(String(error), expected, message);
  if (typeof expected === 'object') return judgeProperties(error, expected, message);
  if (expected.prototype !== undefined && error instanceof expected) return;
  const isClass = expected === Error || Error.isPrototypeOf(expected);
  if (isClass || expected(error) !== true) throw isClass ? error : failure(message, `the error is not as it has to be: ${shown(error)}`);
}

function judgeProperties(error, expected, message) {
  for (const key of expected instanceof Error ? ['name', 'message', ...Object.keys(expected)] : Object.keys(expected)) {
    const wanted = expected[key];
    if (wanted instanceof RegExp && typeof error[key] === 'string') assert.match(error[key], wanted, message);
    else assert.deepEqual(error[key], wanted, message && `${message}: ${key}`);
  }
}

function failure(message, otherwise) {
  return message instanceof Error ? message : new AssertionError([message, otherwise].filter(Boolean).join(': '));
}

/** Deep and strict: the same types, prototypes, keys and values. */
function alike(a, b, seen = []) {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (seen.some(([x, y]) => x === a && y === b)) return true;
  const within = [...seen, [a, b]];
  if (!sameContents(a, b, within)) return false;
  const keys = ownKeys(a);
  return keys.length === ownKeys(b).length && keys.every((key) => Object.hasOwn(b, key) && alike(a[key], b[key], within));
}

function sameContents(a, b, seen) {
  if (a instanceof Date || a instanceof RegExp || isBoxed(a)) return Object.is(String(a), String(b));
  if (a instanceof Error) return a.message === b.message && a.name === b.name && alike(a.cause, b.cause, seen);
  if (Array.isArray(a)) return a.length === b.length;
  if (a instanceof ArrayBuffer) return alike(new Uint8Array(a), new Uint8Array(b), seen);
  if (a instanceof Map) return a.size === b.size && [...a].every(([key, value]) => b.has(key) && alike(value, b.get(key), seen));
  if (a instanceof Set) return a.size === b.size && [...a].every((one) => b.has(one) || [...b].some((other) => alike(one, other, seen)));
  return true;
}

const isBoxed = (value) => value instanceof Number || value instanceof String || value instanceof Boolean;
const ownKeys = (value) => Reflect.ownKeys(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key));

function shown(value) {
  if (value instanceof Error) return String(value);
  if (typeof value === 'function' || typeof value === 'symbol' || value === undefined) return String(value);
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} [${Array.from(value.subarray?.(0, 100) ?? []).join(', ')}]`;
  try {
    return JSON.stringify(value, (_, inner) => typeof inner === 'bigint' ? `${inner}n` : inner === undefined ? 'undefined' : inner);
  } catch {
    return String(value);
  }
}
