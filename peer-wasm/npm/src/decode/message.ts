import { parseJson, type BigintMode } from './json.js';
import { TapeReader, type Tape } from './tape.js';

/** A decoded WAMP message: its code first. */
export type Message = readonly any[];

/** Index of the first payload element, by message code. */
const PAYLOAD_AT: Readonly<Record<number, number>> = { 3: 3, 8: 5, 16: 4, 36: 4, 48: 4, 50: 3, 68: 4, 70: 3 };

/** Builds messages from what the core hands over. */
export class MessageReader {
  readonly #bigint: BigintMode;
  readonly #tapes: TapeReader;

  constructor(bigint: BigintMode) {
    this.#bigint = bigint;
    this.#tapes = new TapeReader(bigint);
  }

  text(text: string): Message {
    return this.#finish(parseJson(text, this.#bigint));
  }

  tape(tape: Tape): Message {
    return this.#finish(this.#tapes.read(tape));
  }

  #finish(value: unknown): Message {
    const message = value as any[];
    // Only payloads follow the application's wish for `bigint`; ids and details are numbers for everybody.
    if (this.#bigint === 'always') {
      const end = Math.min(PAYLOAD_AT[Number(message[0])] ?? message.length, message.length);
      for (let i = 0; i < end; i++) message[i] = withoutBigints(message[i]);
    }
    return message;
  }
}

function withoutBigints(value: any): any {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const key of Object.keys(value)) value[key] = withoutBigints(value[key]);
  return value;
}
