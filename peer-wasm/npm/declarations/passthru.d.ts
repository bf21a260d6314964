import type { SerializerName } from './connection.js';

/** How a payload travels that the router does not look into. */
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

export {};
