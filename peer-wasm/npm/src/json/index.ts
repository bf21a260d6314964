import type { Encoder } from '../encode/index.js';
import { json } from '../encode/json.js';

export { parseJson } from '../decode/json.js';

/** Writes messages in JSON. */
export class JsonEncoder implements Encoder {
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
