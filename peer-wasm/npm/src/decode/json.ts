import { fromBase64 } from '../base64.js';

export type BigintMode = 'auto' | 'always' | 'never';

/**
 * An integer that may exceed 2^53; text such as a float's long fraction never matches, other text rarely. Engines skip
 * text with a row of classes ten times faster than with a count.
 */
const LONG_INTEGER = new RegExp(`[^.\\d](?:[1-9]${'\\d'.repeat(16)}|9${'\\d'.repeat(15)})`);
/** Strings (to step over them), which may be keys, and numbers. Engines need their stack for whatever may repeat: only escapes do. */
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** What marks an integer that was put into a string. Base64 never contains `#`. */
const MARK = '\0#';
const ESCAPED_MARK = '\\u0000#';

/** A value from JSON text, with the binary convention and large integers. */
export function parseJson(text: string, bigint: BigintMode = 'auto'): unknown {
  const exact = bigint === 'always' || (bigint === 'auto' && LONG_INTEGER.test(text));
  const value: unknown = JSON.parse(exact ? markIntegers(text, bigint) : text);
  return exact || text.includes('\\u0000') ? restore(value, exact) : value;
}

/** Puts integers that `JSON.parse` would round into marked strings. */
function markIntegers(text: string, bigint: BigintMode): string {
  return text.replace(TOKENS, (token: string, colon?: string) => {
    if (colon !== undefined) return token;
    if (token[0] === '"') {
      // Real text that looks marked gets one more `#`, which `restoreString` takes off.
      return token.startsWith(`"${ESCAPED_MARK}`) ? `"${ESCAPED_MARK}#${token.slice(8)}` : token;
    }
    if (/[.e]/i.test(token)) return token;
    const inexact = Math.abs(Number(token)) > 2 ** 53 || (token.length > 15 && String(Number(token)) !== token);
    return bigint === 'always' || inexact ? `"${ESCAPED_MARK}${token}"` : token;
  });
}

/** Replaces marked and binary strings, in place. */
function restore(value: any, marked: boolean): any {
  if (typeof value === 'string') return value.charCodeAt(0) === 0 ? restoreString(value, marked) : value;
  if (typeof value !== 'object' || value === null) return value;
  for (const key of Object.keys(value)) {
    const old = value[key];
    const restored = restore(old, marked);
    // Only own keys are listed, so assignment to `__proto__` cannot be the setter unless the key is really there.
    if (restored !== old) Object.defineProperty(value, key, { value: restored, writable: true, enumerable: true, configurable: true });
  }
  return value;
}

function restoreString(text: string, marked: boolean): unknown {
  if (!marked || !text.startsWith(MARK)) return fromBase64(text.slice(1)) ?? text;
  return text[2] === '#' ? `${MARK}${text.slice(3)}` : BigInt(text.slice(2));
}
