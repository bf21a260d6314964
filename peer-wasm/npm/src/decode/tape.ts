import type { Core, CoreModule } from '../core.js';
import type { BigintMode } from './json.js';


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

// The core leaves it to the decoder to see whether this is UTF-8. A byte order mark is a character like any other here.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
/** Below this length a loop over the bytes beats the call into the decoder. */
const SHORT_TEXT = 64;

const float = new Float64Array(1);
/** The low half and the high half of `float`: WebAssembly and all that runs it are little-endian. */
const halves = new Uint32Array(float.buffer);

/** Reads messages in MessagePack or CBOR. Lives as long as its core: both remember the same keys. */
export class TapeReader {
  readonly #module: CoreModule;
  readonly #core: Core;
  readonly #cbor: boolean;
  readonly #bigint: BigintMode;
  readonly #keys: string[] = [];
  #memory = new Uint8Array();
  #words!: Uint32Array;
  #text = '';
  #at = 0;
  #textAt = 0;

  constructor(module: CoreModule, core: Core, cbor: boolean, bigint: BigintMode) {
    this.#module = module;
    this.#core = core;
    this.#cbor = cbor;
    this.#bigint = bigint;
  }

  read(data: Uint8Array): unknown {
    const { memory, room, read } = this.#module;
    const start = room(this.#core, data.length);
    // Memory that grew has another buffer.
    new Uint8Array(memory.buffer).set(data, start);
    const tape = read(this.#core, this.#cbor);
    if (!tape) throw new TypeError('malformed');
    if (this.#memory.buffer !== memory.buffer) {
      this.#memory = new Uint8Array(memory.buffer);
      this.#words = new Uint32Array(memory.buffer);
    }
    this.#at = tape >> 2;
    this.#textAt = 0;
    this.#text = decodeText(this.#bytes());
    const value = this.#value();
    this.#text = '';
    return value;
  }

  /** The bytes whose address and length follow. */
  #bytes(): Uint8Array {
    const start = this.#words[this.#at++]!;
    return this.#memory.subarray(start, start + this.#words[this.#at++]!);
  }

  #value(): unknown {
    const word = this.#words[this.#at++]!;
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
        halves[0] = this.#words[this.#at++]!;
        halves[1] = this.#words[this.#at++]!;
        const value = float[0]!;
        return argument && this.#bigint === 'always' ? BigInt(value) : value;
      }
      case BINARY: {
        const start = this.#words[this.#at++]!;
        return this.#memory.slice(start, start + argument);
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
    const words = this.#words;
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
    switch (what) {
      case NULL:
        return null;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case UNDEFINED:
        return undefined;
      case LONG_STRING:
        return utf8.decode(this.#bytes());
      case U64:
      case I64: {
        const low = BigInt(this.#words[this.#at++]!);
        const value = (BigInt(this.#words[this.#at++]!) << 32n) | low;
        return this.#integer(what === U64 ? value : BigInt.asIntN(64, value));
      }
      default: {
        let value = 0n;
        for (const byte of this.#bytes()) value = (value << 8n) | BigInt(byte);
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
