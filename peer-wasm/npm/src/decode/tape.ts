import makers from 'wamplex:makers';
import type { CoreModule } from '../core.js';
import type { BigintMode } from './json.js';
import type { Maker } from './maker.js';

/** The low three bits of a word; the rest is its argument. */
const enum Tag {
  Int,
  String,
  List,
  Dict,
  /** The string that follows has a slot from now on. */
  Define,
  Number,
  Bytes,
  // 7: a string that has a slot, or a constant.
}

/** Arguments of numbers. */
const enum Kind {
  // 0: a float whose high byte is the first; 1: one whose low byte is.
  Integer = 2,
  // What these are is -1 - n if the argument is one more.
  Large = 3,
  Big = 5,
}

const enum Limit {
  /** Up to this length a loop over the bytes beats the call into the decoder. */
  ShortText = 16,
  /** How many keys and short texts the core remembers. The constants stand behind them. */
  Slots = 1024,
  /** How often a shape is seen before it gets a maker of its own. */
  Often = 8,
}

// The core leaves it to the decoder to see whether this is UTF-8. A byte order mark is a character like any other here.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });

/** How often each shape was seen, and who makes dictionaries of it. The core has the same shapes for everybody. */
const seen = new Uint8Array(1024);
const made: (Maker | undefined)[] = new Array(1024);

// The tape that is being read: only one is at a time, and variables are faster than fields.
let looked: CoreModule | undefined;
let reader = 0;
let memory = new Uint8Array();
let words = new Uint32Array();
let view: DataView;
let at = 0;
let text = '';
let textAt = 0;
/** All connections know the same strings. */
let known: any[];
let bigints: BigintMode | undefined;

/** The value of a message in CBOR or MessagePack. Throws if it is malformed. */
export function readTape(module: CoreModule, data: Uint8Array, cbor: boolean, bigint?: BigintMode): unknown {
  if (looked !== module) {
    looked = module;
    reader = module.create();
    memory = new Uint8Array();
    known = [...new Array(Limit.Slots).fill(''), false, true, null, undefined];
  }
  bigints = bigint;
  try {
    const start = module.room(reader, data.length);
    look();
    memory.set(data, start);
    at = module.read(reader, cbor) >> 2;
    if (at === 0) throw new TypeError('malformed');
    look();
    textAt = 0;
    text = decodeText(bytes());
    const message = value();
    text = '';
    return message;
  } catch (error) {
    // What no message is makes the core forget what was defined on the way.
    module.room(reader, 0);
    module.read(reader, cbor);
    throw error;
  }
}

/** At the memory of the module. When that grows, what was seen of it before is empty. */
function look(): void {
  if (memory.length > 0) return;
  const { buffer } = looked!.memory;
  memory = new Uint8Array(buffer);
  words = new Uint32Array(buffer);
  view = new DataView(buffer);
}

/** The bytes whose address and length follow. */
function bytes(): Uint8Array {
  const start = words[at++]!;
  return memory.subarray(start, start + words[at++]!);
}

export function value(): unknown {
  const word = words[at++]!;
  const argument = word >>> 3;
  const tag = word & 7;
  // Compared one by one, the most frequent first: V8 jumps where a switch has six numbers, which takes a fifth longer here.
  if (tag === Tag.Int) return integer((word | 0) >> 3, true);
  if (tag === Tag.String) return text.substring(textAt, (textAt += argument));
  switch (tag) {
    case Tag.List: {
      const list = new Array(argument);
      for (let i = 0; i < argument; i++) list[i] = value();
      return list;
    }
    case Tag.Dict:
      return dict(argument);
    case Tag.Define:
      // Engines look for a key by what it is, and what is cut from a text is not yet what their objects have.
      return (known[argument] = Object.keys({ [value() as string]: 0 })[0]);
    case Tag.Number:
      at += 2;
      return number(argument);
    case Tag.Bytes: {
      const start = words[at++]!;
      const end = start + (argument >> 1);
      return argument & 1 ? utf8.decode(memory.subarray(start, end)) : memory.slice(start, end);
    }
    default:
      return known[argument];
  }
}

function integer(value: number, isInteger: boolean): number | bigint {
  return isInteger && bigints === 'always' ? BigInt(value) : value;
}

function number(what: number): number | bigint {
  if (what <= Kind.Integer) return integer(view.getFloat64(4 * at - 8, what > 0), what === Kind.Integer);
  let big = 0n;
  if (what < Kind.Big) big = view.getBigUint64(4 * at - 8, true);
  else for (const byte of memory.subarray(words[at - 2], words[at - 2]! + words[at - 1]!)) big = (big << 8n) | BigInt(byte);
  if (what !== Kind.Large && what !== Kind.Big) big = -1n - big;
  return bigints === 'never' ? Number(big) : big;
}

function dict(entries: number): unknown {
  const shape = words[at++]!;
  if (shape > 0) {
    const make = made[shape];
    if (make) return make(entries);
    // What comes so often gets code of its own, as long as there is some.
    if (++seen[shape] === Limit.Often) made[shape] = makers.pop();
  }
  const dict: Record<string, unknown> = {};
  for (let i = 0; i < entries; i++) {
    // Keys that are no strings become strings, as property names do.
    const name = String(value());
    const item = value();
    if (name === '__proto__') Object.defineProperty(dict, name, { value: item, writable: true, enumerable: true, configurable: true });
    else dict[name] = item;
  }
  return dict;
}

/** A key that has a slot. */
export function knownKey(): string {
  return known[words[at++]! >>> 3];
}

function decodeText(bytes: Uint8Array): string {
  if (bytes.length > Limit.ShortText) return utf8.decode(bytes);
  let text = '';
  for (const byte of bytes) {
    if (byte > 127) return utf8.decode(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}
