import type { SerializerName } from '../../index.js';
import { base64 } from '../base64.js';

/** What connections look at in a serializer; messages are read and written by the client. */
export interface Serializer {
  readonly SERIALIZER_ID: string;
  readonly BINARY?: boolean;
  readonly replacer?: Replacer | undefined;
  readonly reviver?: Reviver | undefined;
}

export type Replacer = ((this: any, key: string, value: any) => any) | (string | number)[];
export type Reviver = (this: any, key: string, value: any) => any;

export class JSONSerializer implements Serializer {
  readonly SERIALIZER_ID = 'json';
  readonly BINARY = false;

  constructor(readonly replacer?: Replacer, readonly reviver?: Reviver) {}

  serialize(value: unknown): string {
    return JSON.stringify(value, this.replacer as any);
  }

  unserialize(text: string): any {
    return JSON.parse(text, this.reviver);
  }
}

export class MsgpackSerializer implements Serializer {
  readonly SERIALIZER_ID = 'msgpack';
  readonly BINARY = true;
}

export class CBORSerializer implements Serializer {
  readonly SERIALIZER_ID = 'cbor';
  readonly BINARY = true;
}

const NAMES: readonly string[] = ['json', 'msgpack', 'cbor'];

/** The names to offer: of the subprotocols if the application lists these, else of its serializers. */
export function serializerNames(serializers: readonly Serializer[], protocols?: readonly string[] | null): SerializerName[] {
  const wanted = protocols ? protocols.map((name) => name.split('.')[2]!) : serializers.map(({ SERIALIZER_ID }) => SERIALIZER_ID);
  const names = [...new Set(wanted)].filter((name) => NAMES.includes(name)) as SerializerName[];
  if (names.length === 0) throw new TypeError(`none of the serializers ${wanted.join(', ')} is known: use json, msgpack or cbor`);
  return names;
}

/** The first that has functions which change values. */
export function withFunctions(serializers: readonly Serializer[] | null | undefined): JSONSerializer | undefined {
  return serializers?.find((one): one is JSONSerializer => Boolean(one.SERIALIZER_ID === 'json' && (one.replacer || one.reviver)));
}

const TEXT_OF_BINARY = (value: unknown): unknown => (value instanceof Uint8Array ? `\0${base64(value)}` : value);

/** A value as the serializer's replacer makes it. */
export function replaced<T>({ replacer }: JSONSerializer, value: T): T {
  if (!replacer || value == null) return value;
  const replace = Array.isArray(replacer)
    ? replacer
    : function (this: any, key: string, item: unknown): unknown {
        return TEXT_OF_BINARY(replacer.call(this, key, item));
      };
  return JSON.parse(JSON.stringify(value, replace as any));
}

/** A value as the serializer's reviver makes it, which sees binary as text the way it is sent. */
export function revived<T>({ reviver }: JSONSerializer, value: T): T {
  return reviver ? JSON.parse(JSON.stringify(value, (_, item) => TEXT_OF_BINARY(item)), reviver) : value;
}
