import type { SerializerName } from '../../index.js';
import type { CoreModule } from '../core.js';
import { parseJson, type BigintMode } from './json.js';
import { headLength, isMessage } from './layout.js';
import { readTape } from './tape.js';

/** A decoded WAMP message: its code first. */
export type Message = readonly any[];

/** Reads the messages of one connection. */
export class MessageReader {
  readonly #module: CoreModule;
  readonly #serializer: SerializerName;
  readonly #bigint: BigintMode | undefined;

  constructor(module: CoreModule, serializer: SerializerName, bigint?: BigintMode) {
    this.#module = module;
    this.#serializer = serializer;
    this.#bigint = bigint;
  }

  /** The value of a message, or of what was meant to be one. Throws if it is malformed. */
  read(data: string | Uint8Array): any {
    const value: any = typeof data === 'string' ? parseJson(data, this.#bigint) : readTape(this.#module, data, this.#serializer === 'cbor', this.#bigint);
    // Only payloads follow the application's wish for `bigint`; ids and details are numbers for everybody.
    if (this.#bigint === 'always' && Array.isArray(value)) {
      value[0] = withoutBigints(value[0]);
      for (let i = headLength(value); --i > 0; ) value[i] = withoutBigints(value[i]);
    }
    return value;
  }

  /** A message of the router; `undefined` if it is none. */
  message(data: string | Uint8Array): Message | undefined {
    try {
      const value = this.read(data);
      return isMessage(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }
}

/** The value with numbers in place of every `bigint`; lists and dictionaries are changed in place. */
export function withoutBigints(value: any): any {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const key of Object.keys(value)) value[key] = withoutBigints(value[key]);
  return value;
}
