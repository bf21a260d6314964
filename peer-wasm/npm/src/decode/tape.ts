import makers from 'wamplex:makers';
import type { Core, CoreModule } from '../core.js';
import type { BigintMode } from './json.js';
import type { Maker } from './maker.js';

// The low three bits of a word; the rest is its argument.
const INT = 0;
const STRING = 1;
const LIST = 2;
const DICT = 3;
const SPECIAL = 4;
const NUMBER = 5;
const BINARY = 6;
const KNOWN = 7;

// Arguments of SPECIAL words.
const DEFINE = 0;
const U64 = 1;
const I64 = 2;
const LONG_STRING = 3;
const BIG_POSITIVE = 4;
// 5: a negative integer of any size.

// The core leaves it to the decoder to see whether this is UTF-8. A byte order mark is a character like any other here.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
/** Up to this length a loop over the bytes beats the call into the decoder. */
const SHORT_TEXT = 16;

/** How many keys and short texts the core remembers, and one more. The constants stand behind them. */
const SLOTS = 769;
/** How often a shape is seen before it gets a maker of its own. */
const OFTEN = 8;
/** How often each shape was seen, and who makes dictionaries of it. The core has the same shapes for everybody. */
const seen = new Uint8Array(1024);
const made: (Maker | undefined)[] = new Array(1024);

// The tape that is being read: only one is at a time, and variables are faster than fields.
let looked: CoreModule;
let memory = new Uint8Array();
let words = new Uint32Array();
let view: DataView;
let at = 0;
let text = '';
let textAt = 0;
let known: any[];
let bigints: BigintMode;

/** Reads messages in MessagePack or CBOR. Lives as long as its core: both remember the same keys. */
export class TapeReader {
  readonly #module: CoreModule;
  readonly #core: Core;
  readonly #cbor: boolean;
  readonly #bigint: BigintMode;
  readonly #known: any[] = [...new Array(SLOTS).fill(''), false, true, null, undefined];

  constructor(module: CoreModule, core: Core, cbor: boolean, bigint: BigintMode) {
    this.#module = module;
    this.#core = core;
    this.#cbor = cbor;
    this.#bigint = bigint;
  }

  read(data: Uint8Array): unknown {
    const module = this.#module;
    try {
      const start = module.room(this.#core, data.length);
      look(module);
      memory.set(data, start);
      const tape = module.read(this.#core, this.#cbor);
      if (!tape) throw new TypeError('malformed');
      look(module);
      known = this.#known;
      bigints = this.#bigint;
      at = tape >> 2;
      textAt = 0;
      text = decodeText(bytes());
      const message = value();
      text = '';
      return message;
    } catch (error) {
      // What no message is makes the core forget what was defined on the way.
      module.room(this.#core, 0);
      module.read(this.#core, false);
      throw error;
    }
  }
}

/** At the memory of the module. When that grows, what was seen of it before is empty. */
function look(module: CoreModule): void {
  if (looked === module && memory.length > 0) return;
  looked = module;
  memory = new Uint8Array(module.memory.buffer);
  words = new Uint32Array(module.memory.buffer);
  view = new DataView(module.memory.buffer);
}

/** The bytes whose address and length follow. */
function bytes(): Uint8Array {
  const start = words[at++]!;
  return memory.subarray(start, start + words[at++]!);
}

export function value(): unknown {
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
      at += 2;
      return integer(view.getFloat64(4 * at - 8, true), argument !== 0);
    case BINARY: {
      const start = words[at++]!;
      return memory.slice(start, start + argument);
    }
    case KNOWN:
      return known[argument];
    default:
      return special(argument);
  }
}

function integer(value: number, isInteger: boolean): number | bigint {
  return isInteger && bigints === 'always' ? BigInt(value) : value;
}

function dict(entries: number): unknown {
  const shape = words[at++]!;
  if (shape > 0) {
    const make = made[shape];
    if (make) return make(entries);
    // What comes so often gets code of its own, as long as there is some.
    if (++seen[shape] === OFTEN) made[shape] = makers.pop();
  }
  const dict: Record<string, unknown> = {};
  for (let i = 0; i < entries; i++) {
    const name = key();
    const item = value();
    if (name === '__proto__') Object.defineProperty(dict, name, { value: item, writable: true, enumerable: true, configurable: true });
    else dict[name] = item;
  }
  return dict;
}

/** A key that was defined before. */
export function knownKey(): string {
  return known[words[at++]! >>> 3];
}

function key(): string {
  const word = words[at]!;
  if (word === (SPECIAL | (DEFINE << 3))) {
    at += 3;
    // Engines look for a key by what it is, and what is cut from a text is not yet what their objects have.
    return (known[words[at - 2]! >>> 3] = Object.keys({ [string(words[at - 1]! >>> 3)]: 0 })[0]);
  }
  // Keys that are no strings become strings, as property names do.
  return String(value());
}

function string(units: number): string {
  return text.substring(textAt, (textAt += units));
}

function special(what: number): unknown {
  switch (what) {
    case LONG_STRING:
      return utf8.decode(bytes());
    case DEFINE:
      at += 2;
      return (known[words[at - 2]! >>> 3] = string(words[at - 1]! >>> 3));
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
