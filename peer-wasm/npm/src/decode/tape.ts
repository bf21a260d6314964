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
/** Up to this length a loop over the bytes beats the call into the decoder. */
const SHORT_TEXT = 16;

const float = new Float64Array(1);
/** The low half and the high half of `float`: WebAssembly and all that runs it are little-endian. */
const halves = new Uint32Array(float.buffer);

// The tape that is being read: only one is at a time, and variables are faster than fields.
let looked: CoreModule;
let memory = new Uint8Array();
let words = new Uint32Array();
let at = 0;
let text = '';
let textAt = 0;
let keys: string[];
let bigints: BigintMode;

/** Reads messages in MessagePack or CBOR. Lives as long as its core: both remember the same keys. */
export class TapeReader {
  readonly #module: CoreModule;
  readonly #core: Core;
  readonly #cbor: boolean;
  readonly #bigint: BigintMode;
  readonly #keys: string[] = [];

  constructor(module: CoreModule, core: Core, cbor: boolean, bigint: BigintMode) {
    this.#module = module;
    this.#core = core;
    this.#cbor = cbor;
    this.#bigint = bigint;
  }

  read(data: Uint8Array): unknown {
    const module = this.#module;
    const start = module.room(this.#core, data.length);
    look(module);
    memory.set(data, start);
    const tape = module.read(this.#core, this.#cbor);
    if (!tape) throw new TypeError('malformed');
    look(module);
    keys = this.#keys;
    bigints = this.#bigint;
    at = tape >> 2;
    textAt = 0;
    text = decodeText(bytes());
    const message = value();
    text = '';
    return message;
  }
}

/** At the memory of the module. When that grows, what was seen of it before is empty. */
function look(module: CoreModule): void {
  if (looked === module && memory.length > 0) return;
  looked = module;
  memory = new Uint8Array(module.memory.buffer);
  words = new Uint32Array(module.memory.buffer);
}

/** The bytes whose address and length follow. */
function bytes(): Uint8Array {
  const start = words[at++]!;
  return memory.subarray(start, start + words[at++]!);
}

function value(): unknown {
  const word = words[at++]!;
  const argument = word >>> 3;
  switch (word & 7) {
    case INT:
      return integer((word | 0) >> 3, true);
    case STRING:
      return string(argument);
    case LIST: {
      const list = new Array(argument);
      for (let i = 0; i < argument; i++) list[i] = value();
      return list;
    }
    case DICT:
      return dict(argument);
    case NUMBER:
      halves[0] = words[at++]!;
      halves[1] = words[at++]!;
      return integer(float[0]!, argument !== 0);
    case BINARY: {
      const start = words[at++]!;
      return memory.slice(start, start + argument);
    }
    default:
      return special(argument);
  }
}

function integer(value: number, isInteger: boolean): number | bigint {
  return isInteger && bigints === 'always' ? BigInt(value) : value;
}

function dict(entries: number): unknown {
  const dict: Record<string, unknown> = {};
  for (let i = 0; i < entries; i++) {
    const name = key();
    const item = value();
    if (name === '__proto__') Object.defineProperty(dict, name, { value: item, writable: true, enumerable: true, configurable: true });
    else dict[name] = item;
  }
  return dict;
}

function key(): string {
  const word = words[at]!;
  if ((word & 7) === 7) {
    at++;
    return keys[word >>> 3]!;
  }
  if (word === (SPECIAL | (DEFINE_KEY << 3))) {
    const slot = words[at + 1]!;
    const length = words[at + 2]! >>> 3;
    at += 3;
    return (keys[slot] = string(length));
  }
  // Keys that are no strings become strings, as property names do.
  return String(value());
}

function string(units: number): string {
  return text.substring(textAt, (textAt += units));
}

function special(what: number): unknown {
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
      return utf8.decode(bytes());
    case U64:
    case I64: {
      const low = BigInt(words[at++]!);
      const value = (BigInt(words[at++]!) << 32n) | low;
      return large(what === U64 ? value : BigInt.asIntN(64, value));
    }
    default: {
      let value = 0n;
      for (const byte of bytes()) value = (value << 8n) | BigInt(byte);
      return large(what === BIG_POSITIVE ? value : -1n - value);
    }
  }
}

function large(value: bigint): bigint | number {
  return bigints === 'never' ? Number(value) : value;
}

function decodeText(bytes: Uint8Array): string {
  if (bytes.length > SHORT_TEXT) return utf8.decode(bytes);
  let text = '';
  for (const byte of bytes) {
    if (byte > 127) return utf8.decode(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}
