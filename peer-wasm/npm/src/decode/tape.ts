import type { BigintMode } from './json.js';

/** Where the compiled core has put one decoded message. */
export interface Tape {
  readonly words: Uint32Array;
  readonly text: Uint8Array;
  readonly numbers: Float64Array;
  /** All of the core's memory, for what is not in `text`. */
  readonly memory: Uint8Array;
}

// The low three bits of a word; the rest is its argument.
const INT = 0;
const STRING = 1;
const LIST = 2;
const DICT = 3;
const SPECIAL = 4;
const NUMBER = 5;
const BINARY = 6;
// 7: a key that was seen before.

// Arguments of SPECIAL words.
const NULL = 0;
const FALSE = 1;
const TRUE = 2;
const UNDEFINED = 3;
const U64 = 4;
const I64 = 5;
const LONG_STRING = 6;
const DEFINE_KEY = 7;
const BIG_POSITIVE = 8;
// 9: a negative integer of any size.

// A byte order mark is a character like any other here.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
/** Below this length a loop over the bytes beats the call into the decoder. */
const SHORT_TEXT = 64;

/** Builds values from tapes. Lives as long as the core whose tapes it reads: both remember the same keys. */
export class TapeReader {
  readonly #keys: string[] = [];
  readonly #bigint: BigintMode;
  #tape!: Tape;
  #text = '';
  #at = 0;
  #textAt = 0;

  constructor(bigint: BigintMode) {
    this.#bigint = bigint;
  }

  read(tape: Tape): unknown {
    this.#tape = tape;
    this.#text = decodeText(tape.text);
    this.#at = 0;
    this.#textAt = 0;
    const value = this.#value();
    this.#text = '';
    return value;
  }

  #value(): unknown {
    const word = this.#tape.words[this.#at++]!;
    const argument = word >>> 3;
    switch (word & 7) {
      case INT: {
        const value = (word | 0) >> 3;
        return this.#bigint === 'always' ? BigInt(value) : value;
      }
      case STRING:
        return this.#string(argument);
      case LIST: {
        const list = new Array(argument);
        for (let i = 0; i < argument; i++) list[i] = this.#value();
        return list;
      }
      case DICT:
        return this.#dict(argument);
      case NUMBER: {
        const value = this.#tape.numbers[argument >>> 1]!;
        return argument & 1 && this.#bigint === 'always' ? BigInt(value) : value;
      }
      case BINARY: {
        const start = this.#tape.words[this.#at++]!;
        return this.#tape.memory.slice(start, start + argument);
      }
      default:
        return this.#special(argument);
    }
  }

  #dict(entries: number): unknown {
    const dict: Record<string, unknown> = {};
    for (let i = 0; i < entries; i++) {
      const key = this.#key();
      const value = this.#value();
      if (key === '__proto__') Object.defineProperty(dict, key, { value, writable: true, enumerable: true, configurable: true });
      else dict[key] = value;
    }
    return dict;
  }

  #key(): string {
    const { words } = this.#tape;
    const word = words[this.#at]!;
    if ((word & 7) === 7) {
      this.#at++;
      return this.#keys[word >>> 3]!;
    }
    if (word === (SPECIAL | (DEFINE_KEY << 3))) {
      const slot = words[this.#at + 1]!;
      const length = words[this.#at + 2]! >>> 3;
      this.#at += 3;
      return (this.#keys[slot] = this.#string(length));
    }
    // Keys that are no strings become strings, as property names do.
    return String(this.#value());
  }

  #string(units: number): string {
    return this.#text.substring(this.#textAt, (this.#textAt += units));
  }

  #special(what: number): unknown {
    const { words, memory } = this.#tape;
    switch (what) {
      case NULL:
        return null;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case UNDEFINED:
        return undefined;
    }
    const first = words[this.#at++]!;
    const second = words[this.#at++]!;
    switch (what) {
      case U64:
        return this.#integer((BigInt(second) << 32n) | BigInt(first));
      case I64:
        return this.#integer(BigInt.asIntN(64, (BigInt(second) << 32n) | BigInt(first)));
      case LONG_STRING:
        return utf8.decode(memory.subarray(first, first + second));
      default: {
        let value = 0n;
        for (const byte of memory.subarray(first, first + second)) value = (value << 8n) | BigInt(byte);
        return this.#integer(what === BIG_POSITIVE ? value : -1n - value);
      }
    }
  }

  #integer(value: bigint): bigint | number {
    return this.#bigint === 'never' ? Number(value) : value;
  }
}

function decodeText(bytes: Uint8Array): string {
  if (bytes.length <= SHORT_TEXT) {
    let text = '';
    for (const byte of bytes) {
      if (byte > 127) return utf8.decode(bytes);
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return utf8.decode(bytes);
}
