import type { Payload, SerializerName } from '../../index.js';
import { cbor, msgpack } from './formats.js';
import { json } from './json.js';
import { BinaryWriter } from './writer.js';

/** Writes messages one behind the other, as they stand in a batch or by themselves. */
export interface Encoder {
  /** How much is written and not taken: bytes, or UTF-16 units of JSON. */
  readonly size: number;
  write(message: unknown): void;
  /** The message that was written last, behind the first `size`. Valid until the next call. */
  last(size: number): string | Uint8Array;
  /** Takes the first `size` of what is written. */
  take(size: number): string | Uint8Array;
  /** Forgets what was written behind the first `size`. */
  cut(size: number): void;
}

export function encoderFor(serializer: SerializerName, batched: boolean): Encoder {
  return serializer === 'json' ? new JsonEncoder(batched) : new BinaryWriter(serializer === 'cbor' ? cbor : msgpack, batched);
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

  write(message: unknown): void {
    // The message itself is no level of what the application has nested.
    this.#text += json(message, -1) + this.#separator;
  }

  last(size: number): string {
    return this.#text.slice(size, this.size - this.#separator.length);
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
  // A router would end the session.
  if (args && !Array.isArray(args)) throw new TypeError('positional arguments must be a list');
  if (kwargs && (typeof kwargs !== 'object' || Array.isArray(kwargs))) throw new TypeError('named arguments must be an object');
  for (const key in kwargs) if (kwargs[key] !== undefined) return [args ?? [], kwargs];
  return args && args.length > 0 ? [args] : [];
}
