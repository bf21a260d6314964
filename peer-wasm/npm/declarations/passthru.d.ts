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
  /** The scheme that this is for: `x_example`. */
  readonly scheme: string;
  /** Encrypts, compresses or signs what was packed. Throwing rejects the request. */
  encode(packed: Uint8Array, options: PassthruOptions): Uint8Array;
  /** Throws if the payload is not what it should be. */
  decode(payload: Uint8Array, options: PassthruOptions): Uint8Array;
}

declare const made: unique symbol;
/** What `passthru` of `wamplex/passthru` makes. */
export interface Passthru {
  readonly [made]: true;
}

export {};
