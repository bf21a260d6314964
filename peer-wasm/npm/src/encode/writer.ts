import { MAX_DEPTH, asBinary, notEncodable, wellFormed } from './values.js';

const text = new TextEncoder();
/** Below this length a loop over the characters beats the call into the encoder. */
const SHORT_STRING = 40;

/** What MessagePack and CBOR do differently. */
export interface Format {
  readonly NULL: number;
  readonly FALSE: number;
  readonly TRUE: number;
  readonly FLOAT64: number;
  int(w: BinaryWriter, value: number): void;
  bigint(w: BinaryWriter, value: bigint): void;
  stringHead(w: BinaryWriter, bytes: number): void;
  binaryHead(w: BinaryWriter, bytes: number): void;
  listHead(w: BinaryWriter, items: number): void;
  dictHead(w: BinaryWriter, entries: number): void;
}

/** Writes values in one pass into a buffer that is kept from one message to the next. */
export class BinaryWriter {
  bytes = new Uint8Array(1024);
  view = new DataView(this.bytes.buffer);
  at = 0;
  readonly #format: Format;

  constructor(format: Format) {
    this.#format = format;
  }

  /** What was written since the last call: valid until the next write. */
  take(): Uint8Array {
    const written = this.bytes.subarray(0, this.at);
    this.at = 0;
    return written;
  }

  value(value: unknown, depth = 0): void {
    switch (typeof value) {
      case 'string':
        return this.#string(value);
      case 'number':
        return this.#number(value);
      case 'boolean':
        return this.u8(value ? this.#format.TRUE : this.#format.FALSE);
      case 'undefined':
        return this.u8(this.#format.NULL);
      case 'bigint':
        return this.#format.bigint(this, value);
      case 'object':
        return value === null ? this.u8(this.#format.NULL) : this.#object(value, depth);
      default:
        throw notEncodable(value);
    }
  }

  #object(value: object, depth: number): void {
    if (depth >= MAX_DEPTH) throw new RangeError(`nested deeper than ${MAX_DEPTH} levels; a reference to itself?`);
    if (Array.isArray(value)) return this.#list(value, depth);
    const binary = asBinary(value);
    if (binary) {
      this.#format.binaryHead(this, binary.length);
      this.reserve(binary.length);
      this.bytes.set(binary, this.at);
      this.at += binary.length;
      return;
    }
    if (typeof (value as any).toJSON === 'function') return this.value((value as any).toJSON(), depth + 1);
    if (value instanceof Map) return this.#map(value, depth);
    if (value instanceof Set) return this.#list([...value], depth);
    this.#dict(value as Record<string, unknown>, depth);
  }

  #list(items: readonly unknown[], depth: number): void {
    this.#format.listHead(this, items.length);
    for (let i = 0; i < items.length; i++) this.value(items[i], depth + 1);
  }

  #dict(dict: Record<string, unknown>, depth: number): void {
    const keys = Object.keys(dict);
    let entries = 0;
    for (const key of keys) if (dict[key] !== undefined) entries++;
    this.#format.dictHead(this, entries);
    for (const key of keys) {
      const value = dict[key];
      if (value === undefined) continue;
      this.#string(key);
      this.value(value, depth + 1);
    }
  }

  #map(map: Map<unknown, unknown>, depth: number): void {
    this.#format.dictHead(this, map.size);
    for (const [key, value] of map) {
      this.#string(String(key));
      this.value(value, depth + 1);
    }
  }

  #number(value: number): void {
    // 2^53 itself is exact; minus zero is not an integer to the formats.
    if (Number.isInteger(value) && value >= -9007199254740992 && value <= 9007199254740992 && !Object.is(value, -0)) {
      return this.#format.int(this, value);
    }
    this.u8(this.#format.FLOAT64);
    this.f64(value);
  }

  #string(value: string): void {
    const length = value.length;
    if (length < SHORT_STRING && this.#shortAscii(value, length)) return;
    const good = wellFormed(value);
    // A UTF-16 unit takes three bytes of UTF-8 at most; the head takes five at most.
    this.reserve(length * 3 + 5);
    const start = this.at;
    const { written } = text.encodeInto(good, this.bytes.subarray(start + 5));
    this.#format.stringHead(this, written);
    this.bytes.copyWithin(this.at, start + 5, start + 5 + written);
    this.at += written;
  }

  #shortAscii(value: string, length: number): boolean {
    this.reserve(length + 5);
    const start = this.at;
    this.#format.stringHead(this, length);
    const { bytes } = this;
    let at = this.at;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 127) {
        this.at = start;
        return false;
      }
      bytes[at++] = unit;
    }
    this.at = at;
    return true;
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.at + count));
    larger.set(this.bytes.subarray(0, this.at));
    this.bytes = larger;
    this.view = new DataView(larger.buffer);
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.at++] = value;
  }

  u16(value: number): void {
    this.reserve(2);
    this.view.setUint16(this.at, value);
    this.at += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.at, value);
    this.at += 4;
  }

  u64(value: bigint): void {
    this.reserve(8);
    this.view.setBigUint64(this.at, value);
    this.at += 8;
  }

  f64(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.at, value);
    this.at += 8;
  }
}
