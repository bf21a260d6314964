import { Major, type Format } from './formats.js';
import { asBinary, checkBigint, checkDepth, notEncodable, simplified } from './values.js';
import { UTF8 } from '../utf8.js';

const enum Size {
  /** Below this length a loop over the characters beats the call into the encoder, and a head takes one byte. */
  Short = 24,
  /** Allocating costs as much as writing a small message, so that many share a piece of memory. */
  Chunk = 8192,
}

/** Writes values in one pass, one behind the other. */
export class BinaryWriter {
  #bytes = new Uint8Array(Size.Chunk);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  /** What stands before was taken, and belongs to whoever took it. */
  #start = 0;
  readonly #format: Format;
  /** In a batch every message has its length before it, in so many bytes. */
  readonly #prefix: number;
  /** Whether somebody has put properties into `Object.prototype`, which loops over all others come upon. */
  #haunted = false;

  constructor(format: Format, batched: boolean) {
    this.#format = format;
    this.#prefix = batched ? 4 : 0;
  }

  get size(): number {
    return this.#at - this.#start;
  }

  write(message: unknown): void {
    const { size } = this;
    this.#reserve(4);
    this.#at += this.#prefix;
    this.#haunted = false;
    for (const _ in Object.prototype) this.#haunted = true;
    // The message itself is no level of what the application has nested.
    this.#value(message, -1);
    if (this.#prefix) this.#view.setUint32(this.#start + size, this.size - size - 4);
  }

  last(size: number): Uint8Array {
    return this.#bytes.subarray(this.#start + size + this.#prefix, this.#at);
  }

  /** What is taken is never written to again: some sockets send it later. */
  take(size: number): Uint8Array {
    return this.#bytes.subarray(this.#start, (this.#start += size));
  }

  cut(size: number): void {
    this.#at = this.#start + size;
  }

  #value(value: unknown, depth: number): void {
    if (typeof value === 'string') return this.#string(value);
    // What no other line makes room for: heads, and numbers of at most eight bytes.
    this.#reserve(9);
    switch (typeof value) {
      case 'number':
        return this.#number(value);
      case 'boolean':
        return this.#byte(value ? this.#format.TRUE : this.#format.FALSE);
      case 'undefined':
        return this.#byte(this.#format.NULL);
      case 'bigint':
        return this.#bigint(value);
      case 'object':
        return value === null ? this.#byte(this.#format.NULL) : this.#object(value, depth);
      default:
        throw notEncodable(value);
    }
  }

  #object(value: object, depth: number): void {
    checkDepth(depth);
    if (Array.isArray(value)) return this.#list(value, depth);
    // What is most frequent first: the questions below are costly.
    if (Object.getPrototypeOf(value) === Object.prototype && (value as any).toJSON === undefined) {
      return this.#dict(value as Record<string, unknown>, depth, this.#haunted);
    }
    const binary = asBinary(value);
    if (binary) {
      this.#head(Major.Binary, binary.length);
      return this.#copy(binary);
    }
    if (typeof (value as any).toJSON === 'function') return this.#value((value as any).toJSON(), depth + 1);
    const simple = simplified(value);
    if (simple !== value) return this.#value(simple, depth + 1);
    this.#dict(value as Record<string, unknown>, depth, true);
  }

  #list(items: readonly unknown[], depth: number): void {
    this.#head(Major.List, items.length);
    for (let i = 0; i < items.length; i++) this.#value(items[i], depth + 1);
  }

  /** With `inherits` the loop finds properties that are none of its own. */
  #dict(dict: Record<string, unknown>, depth: number, inherits: boolean): void {
    // How many entries there are is known at the end. Most have few, so that their head takes one byte.
    this.#byte(0);
    const start = this.size;
    let entries = 0;
    for (const key in dict) {
      if (inherits && !Object.hasOwn(dict, key)) continue;
      const value = dict[key];
      if (value === undefined) continue;
      entries++;
      this.#string(key);
      this.#value(value, depth + 1);
    }
    const from = this.#start + start;
    if (entries < 16) this.#bytes[from - 1] = this.#format.heads[Major.Dict]!.short + entries;
    else {
      const written = this.#bytes.slice(from, this.#at);
      this.#at = from - 1;
      this.#head(Major.Dict, entries);
      this.#copy(written);
    }
  }

  #number(value: number): void {
    if (value >= 0 && value < Size.Short && (value | 0) === value && 1 / value > 0) return this.#byte(value);
    // 2^53 itself is exact; minus zero is not an integer to the formats.
    if (Number.isInteger(value) && Math.abs(value) <= 2 ** 53 && !Object.is(value, -0)) {
      return value < 0 ? this.#head(Major.Negative, -1 - value) : this.#head(Major.Unsigned, value);
    }
    this.#byte(this.#format.FLOAT64);
    this.#view.setFloat64(this.#at, value);
    this.#at += 8;
  }

  #bigint(value: bigint): void {
    const number = Number(checkBigint(value));
    if (Number.isSafeInteger(number)) return this.#number(number);
    const { long, signed } = this.#format.heads[value < 0n ? Major.Negative : Major.Unsigned]!;
    this.#byte(long + 3);
    // Takes the lower 64 bits.
    this.#view.setBigUint64(this.#at, value < 0n && !signed ? -1n - value : value);
    this.#at += 8;
  }

  /** What begins a value; at most nine bytes. */
  #head(major: Major, value: number): void {
    const { short, fits, long, byte, signed } = this.#format.heads[major]!;
    if (value < fits) return this.#byte(short ^ value);
    const rest = signed ? 2 * value : value;
    const power = value < byte ? 0 : rest < 0x10000 ? 1 : rest < 0x100000000 ? 2 : 3;
    this.#byte(long + power);
    const start = this.#at;
    const flip = signed ? 0xff : 0;
    // Operators on bits, and bytes, take the lower bits of a number, and forget its fraction.
    for (let at = (this.#at += 1 << power); at > start; value /= 256) this.#bytes[--at] = value ^ flip;
  }

  #string(value: string): void {
    const { length } = value;
    // A UTF-16 unit takes three bytes of UTF-8 at most; the head takes five at most.
    this.#reserve(length * 3 + 5);
    const bytes = this.#bytes;
    const at = this.#at;
    if (length < Size.Short) {
      let i = 0;
      for (let unit; i < length && (unit = value.charCodeAt(i)) < 128; ) bytes[at + ++i] = unit;
      if (i === length) {
        bytes[at] = this.#format.heads[Major.Text]!.short + length;
        this.#at = at + 1 + length;
        return;
      }
    }
    // Halves of surrogate pairs are replaced on the way.
    const { written } = UTF8.encodeInto(value, bytes.subarray(at + 5));
    this.#head(Major.Text, written);
    bytes.copyWithin(this.#at, at + 5, at + 5 + written);
    this.#at += written;
  }

  #byte(value: number): void {
    this.#bytes[this.#at++] = value;
  }

  #copy(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Makes room for `count` more bytes. */
  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const { size } = this;
    const larger = new Uint8Array(Math.max(Size.Chunk, (size + count) * 4));
    larger.set(this.#bytes.subarray(this.#start, this.#at));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
    this.#start = 0;
    this.#at = size;
  }
}
