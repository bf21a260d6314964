import type { Payload, SerializerName } from '../../index.js';
import { cbor } from './cbor.js';
import { json } from './json.js';
import { msgpack } from './msgpack.js';
import { BinaryWriter } from './writer.js';

/** Which elements stand behind the head of a message; the numbers are those of the compiled core. */
export const enum Shape {
  None = 0,
  Args = 1,
  ArgsKwargs = 2,
}

/** Options (or details) and arguments of one message, written one after the other. */
export interface Encoded {
  /** Valid until the next call of the encoder. */
  readonly bytes: Uint8Array;
  /** How many of the bytes are the options. */
  readonly split: number;
  readonly shape: Shape;
}

/** Writes the parts of messages that applications provide, in the serializer of the session. */
export interface Encoder {
  /** One dictionary, such as options that no arguments follow. */
  dict(dict: Readonly<Record<string, unknown>>): Uint8Array;
  message(options: Readonly<Record<string, unknown>>, payload: Payload): Encoded;
}

export function encoderFor(serializer: SerializerName): Encoder {
  return serializer === 'json' ? new JsonEncoder() : new BinaryEncoder(serializer === 'cbor' ? cbor : msgpack);
}

class BinaryEncoder implements Encoder {
  readonly #writer: BinaryWriter;

  constructor(format: ConstructorParameters<typeof BinaryWriter>[0]) {
    this.#writer = new BinaryWriter(format);
  }

  dict(dict: Readonly<Record<string, unknown>>): Uint8Array {
    return this.message(dict, {}).bytes;
  }

  message(options: Readonly<Record<string, unknown>>, { args, kwargs }: Payload): Encoded {
    const writer = this.#writer;
    const shape = shapeOf(args, kwargs);
    try {
      writer.value(options);
      const split = writer.at;
      if (shape !== Shape.None) writer.value(args ?? []);
      if (shape === Shape.ArgsKwargs) writer.value(kwargs);
      return { split, shape, bytes: writer.take() };
    } catch (error) {
      writer.take();
      throw error;
    }
  }
}

class JsonEncoder implements Encoder {
  readonly #text = new TextEncoder();

  dict(dict: Readonly<Record<string, unknown>>): Uint8Array {
    return this.#text.encode(json(dict));
  }

  message(options: Readonly<Record<string, unknown>>, { args, kwargs }: Payload): Encoded {
    const shape = shapeOf(args, kwargs);
    const head = json(options);
    let tail = shape === Shape.None ? '' : json(args ?? []);
    if (shape === Shape.ArgsKwargs) tail += `,${json(kwargs)}`;
    const split = this.#text.encode(head).length;
    return { split, shape, bytes: this.#text.encode(head + tail) };
  }
}

function shapeOf(args: Payload['args'], kwargs: Payload['kwargs']): Shape {
  for (const key in kwargs) if (kwargs[key] !== undefined) return Shape.ArgsKwargs;
  return args && args.length > 0 ? Shape.Args : Shape.None;
}
