import { parseJson, type BigintMode } from './json.js';
import { msgpack } from '../encode/msgpack.js';
import { BinaryWriter } from '../encode/writer.js';
import { TapeReader, type Tape } from './tape.js';

/** A decoded WAMP message: its code first. */
export type Message = readonly any[];

/** Index of the first payload element, by message code. */
const PAYLOAD_AT: Readonly<Record<number, number>> = { 3: 3, 8: 5, 16: 4, 36: 4, 48: 4, 50: 3, 68: 4, 70: 3 };

/** Builds messages from what the core hands over. */
export class MessageReader {
  readonly #bigint: BigintMode;
  readonly #tapes: TapeReader;
  readonly #heads = new BinaryWriter(msgpack);

  constructor(bigint: BigintMode) {
    this.#bigint = bigint;
    this.#tapes = new TapeReader(bigint);
  }

  text(text: string): Message {
    return this.#finish(parseJson(text, this.#bigint) as any[]);
  }

  tape(tape: Tape): Message {
    return this.#finish(this.#tapes.read(tape) as any[]);
  }

  /** All of a message but its arguments, in MessagePack. Throws if the arguments are none. */
  head(message: Message): Uint8Array {
    const [args, kwargs, ...rest] = message.slice(payloadAt(message));
    const good = (args === undefined || Array.isArray(args) || ArrayBuffer.isView(args)) && (kwargs === undefined || isDict(kwargs));
    if (!good || rest.length > 0) throw new TypeError('not a message');
    this.#heads.value(message.slice(0, payloadAt(message)));
    return this.#heads.take();
  }

  #finish(message: any[]): Message {
    // Only payloads follow the application's wish for `bigint`; ids and details are numbers for everybody.
    if (this.#bigint === 'always' && Array.isArray(message)) {
      const code = Number(message[0]);
      const end = Math.min(PAYLOAD_AT[code] ?? message.length, message.length);
      for (let i = 0; i < end; i++) message[i] = withoutBigints(message[i]);
    }
    return message;
  }
}

function payloadAt(message: Message): number {
  return PAYLOAD_AT[message[0]] ?? message.length;
}

function isDict(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** The value with numbers in place of every `bigint`; lists and dictionaries are changed in place. */
export function withoutBigints(value: any): any {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const key of Object.keys(value)) value[key] = withoutBigints(value[key]);
  return value;
}
