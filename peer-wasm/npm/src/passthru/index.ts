import type { PassthruCodec, PassthruOptions, SerializerName } from '../../index.js';
import { SERIALIZERS, type CoreModule } from '../core.js';
import type { BigintMode } from '../decode/json.js';
import { MessageReader, type Message } from '../decode/message.js';
import { encoderFor } from '../encode/index.js';

/** What a connection does with messages whose payload the router does not look into. */
export interface Packer {
  /** A message that is about to be sent: with its arguments in one, if its options say so. */
  pack(message: Message): Message;
  /** A message that was received: with its arguments, if they can be had. */
  unpack(message: Message, module: CoreModule, bigint?: BigintMode): Message;
  /** The options of an answer that goes the way of what it answers. */
  answer(details: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

/** Where the arguments stand in messages that have some, by their codes. */
const PAYLOAD_AT: Readonly<Record<number, number>> = { 8: 5, 16: 4, 36: 4, 48: 4, 50: 3, 68: 4, 70: 3 };

/** `ppt_scheme` and so on, as they stand among options and details. */
type Attributes = { readonly [name: string]: any };

export function passthru(...codecs: readonly PassthruCodec[]): any {
  return new Passthru(codecs);
}

class Passthru implements Packer {
  readonly #codecs: ReadonlyMap<string, PassthruCodec>;
  /** They have nothing to do with any session, and stay as long as the module. */
  readonly #readers = new WeakMap<CoreModule, Map<string, MessageReader>>();

  constructor(codecs: readonly PassthruCodec[]) {
    this.#codecs = new Map(codecs.map((codec) => [codec.scheme, codec]));
  }

  pack(message: Message): Message {
    const { attributes, at } = look(message);
    if (!attributes) return message;
    const [args = [], kwargs] = message.slice(at);
    const { serializer, codec } = this.#way(attributes);
    if (!serializer) {
      if (args.length !== 1 || kwargs || !isBinary(args[0])) {
        throw new TypeError('a payload that is not packed here has to be one binary value');
      }
      return message;
    }
    const encoder = encoderFor(serializer, false);
    encoder.write({ args, ...(kwargs && { kwargs }) });
    const written = encoder.last(0);
    const packed = typeof written === 'string' ? new TextEncoder().encode(written) : written;
    return [...message.slice(0, at), [codec ? codec.encode(packed, optionsOf(attributes)) : packed]];
  }

  unpack(message: Message, module: CoreModule, bigint?: BigintMode): Message {
    const { attributes, at } = look(message);
    if (!attributes) return message;
    const { serializer, codec } = this.#way(attributes);
    const [payload] = Array.isArray(message[at]) ? message[at] : [message[at]];
    if (!serializer || !isBinary(payload)) return message;
    try {
      const packed = codec ? codec.decode(payload, optionsOf(attributes)) : payload;
      const text = serializer === 'json';
      const value = this.#reader(module, serializer, bigint).read(text ? new TextDecoder().decode(packed) : packed);
      const { args = [], kwargs = {} } = value;
      if (isDict(value) && Array.isArray(args) && isDict(kwargs)) return [...message.slice(0, at), args, kwargs];
    } catch {
      // It arrives as it is.
    }
    return message;
  }

  answer(details: Attributes): Record<string, unknown> {
    const serializer = details['ppt_scheme'] && this.#way(details).serializer;
    return serializer ? Object.fromEntries(entries(details)) : {};
  }

  /** How a payload is packed: no serializer if that is not known here. */
  #way(attributes: Attributes): { serializer: SerializerName | undefined; codec: PassthruCodec | undefined } {
    const codec = this.#codecs.get(attributes['ppt_scheme']);
    const known = SERIALIZERS.find((name) => name === attributes['ppt_serializer']);
    return { codec, serializer: codec || attributes['ppt_cipher'] === undefined ? known : undefined };
  }

  #reader(module: CoreModule, serializer: SerializerName, bigint: BigintMode | undefined): MessageReader {
    const readers = this.#readers.get(module) ?? new Map<string, MessageReader>();
    this.#readers.set(module, readers);
    const key = `${serializer} ${bigint}`;
    const reader = readers.get(key) ?? new MessageReader(module, serializer, bigint);
    readers.set(key, reader);
    return reader;
  }
}

/** The attributes among the options or details of a message, if it is in passthru mode, and where its payload stands. */
function look(message: Message): { attributes: Attributes | undefined; at: number } {
  const at = PAYLOAD_AT[message[0]] ?? 0;
  const options = message.slice(0, at).find(isDict);
  return { attributes: options?.ppt_scheme ? options : undefined, at };
}

/** The attributes by their names in options and details. */
function entries(attributes: Attributes): [name: string, value: unknown][] {
  return Object.entries(attributes).filter(([name]) => name.startsWith('ppt_'));
}

function optionsOf(attributes: Attributes): PassthruOptions {
  return Object.fromEntries(entries(attributes).map(([name, value]) => [name.slice(4), value])) as unknown as PassthruOptions;
}

function isBinary(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}

function isDict(value: unknown): value is Record<string, any> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}
