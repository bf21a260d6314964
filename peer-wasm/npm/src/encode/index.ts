import type { Payload, SerializerName } from '../../index.js';
import { cbor } from './cbor.js';
import { json } from './json.js';
import { msgpack } from './msgpack.js';
import { BinaryWriter, type Format } from './writer.js';

/** Writes messages one behind the other, as they stand in a batch or by themselves. */
export interface Encoder {
  /** How much is written: bytes, or UTF-16 units of JSON. */
  readonly size: number;
  /** Writes a message. Its text or bytes are valid until the next call. */
  write(message: readonly unknown[]): string | Uint8Array;
  /** Takes the first `size` of what is written. */
  take(size: number): string | Uint8Array;
  /** Forgets what was written behind the first `size`. */
  cut(size: number): void;
}

export function encoderFor(serializer: SerializerName, batched: boolean): Encoder {
  return serializer === 'json' ? new JsonEncoder(batched) : new BinaryEncoder(serializer === 'cbor' ? cbor : msgpack, batched);
}

class BinaryEncoder implements Encoder {
  readonly #writer: BinaryWriter;
  /** In a batch every message has its length before it. */
  readonly #prefix: number;

  constructor(format: Format, batched: boolean) {
    this.#writer = new BinaryWriter(format);
    this.#prefix = batched ? 4 : 0;
  }

  get size(): number {
    return this.#writer.at;
  }

  write(message: readonly unknown[]): Uint8Array {
    const writer = this.#writer;
    const prefix = this.#prefix;
    const before = writer.at;
    writer.reserve(prefix);
    const start = (writer.at += prefix);
    writer.value(message, -1);
    if (prefix) writer.view.setUint32(before, writer.at - start);
    return writer.bytes.subarray(start, writer.at);
  }

  take(size: number): Uint8Array {
    const { bytes, at } = this.#writer;
    const taken = bytes.slice(0, size);
    bytes.copyWithin(0, size, at);
    this.cut(at - size);
    return taken;
  }

  cut(size: number): void {
    this.#writer.at = size;
  }
}

class JsonEncoder implements Encoder {
  #text = '';
  /** In a batch every message has this behind it. */
  readonly #separator: string;

  constructor(batched: boolean) {
    this.#separator = batched ? '\x1e' : '';
  }

  get size(): number {
    return this.#text.length;
  }

  write(message: readonly unknown[]): string {
    // The message itself is no level of what the application has nested.
    const text = json(message, -1);
    this.#text += text + this.#separator;
    return text;
  }

  take(size: number): string {
    const taken = this.#text.slice(0, size);
    this.#text = this.#text.slice(size);
    return taken;
  }

  cut(size: number): void {
    this.#text = this.#text.slice(0, size);
  }
}

/** Arguments as elements of a message. */
export function elements({ args, kwargs }: Payload): unknown[] {
  for (const key in kwargs) if (kwargs[key] !== undefined) return [args ?? [], kwargs];
  return args && args.length > 0 ? [args] : [];
}
