import type { SerializerName } from './connection.js';

/** How a payload travels that the router does not look into ("WAMP: Payload Passthru Mode"). */
export interface PassthruOptions {
  /** Who knows what to make of the payload: `mqtt`, `wamp`, or a name of one's own that begins with `x_`. */
  readonly scheme: string;
  /** How the arguments are packed. */
  readonly serializer?: SerializerName | (string & {});
  /** How the packed arguments are encrypted. */
  readonly cipher?: string;
  /** With which key. */
  readonly keyid?: string;
}

/** What becomes of packed arguments on their way, for one scheme. Both functions answer at once. */
export interface PassthruCodec {
  readonly scheme: string;
  encode(packed: Uint8Array, options: PassthruOptions): Uint8Array;
  /** Throws if the payload is not what it should be. */
  decode(payload: Uint8Array, options: PassthruOptions): Uint8Array;
}

declare const made: unique symbol;
/** What `passthru` makes. */
export interface Passthru {
  readonly [made]: true;
}

/**
 * Packs the arguments of what is sent with `ppt` into one binary value, and unpacks what arrives so ("WAMP: Payload
 * Passthru Mode"): with the serializers `json`, `msgpack` and `cbor`, and without a cipher unless there is a codec for
 * the scheme. What cannot be unpacked arrives as it is: one `Uint8Array`, and the details tell what was meant.
 *
 * ```ts
 * const client = await connect(url, { realm: 'realm1', passthru: passthru() });
 * await client.publish('com.example.sealed', { a: 1 }, { ppt: { scheme: 'x_example', serializer: 'cbor' } });
 * ```
 */
export declare function passthru(...codecs: readonly PassthruCodec[]): Passthru;

export {};
