import type { AbortSignalType, CryptoKeyType } from './runtime.js';

/** A CHALLENGE of the router ("WAMP: Challenge Response Authentication"). */
export interface Challenge {
  /** The method that the router has chosen, such as `wampcra`. */
  readonly method: string;
  /** CHALLENGE.Extra, as received: what is to be signed, and how. */
  readonly extra: Readonly<Record<string, any>>;
}
/** The answer to a CHALLENGE. */
export interface AuthResponse {
  /** AUTHENTICATE.Signature: in text, whatever the method makes of it. */
  readonly signature: string;
  /** AUTHENTICATE.Extra. Default: empty. */
  readonly extra?: Readonly<Record<string, unknown>>;
}
/** A secret, or a function that is asked for it each time it is needed. */
export type Secret = string | (() => string | Promise<string>);
/** One attempt to open a session: the same object from HELLO to WELCOME, and another one for the next attempt. */
export interface AuthContext {
  /** Counts from 1. */
  readonly attempt: number;
  /** Aborted when the attempt is given up. */
  readonly signal: AbortSignalType;
}
/** What the router said in WELCOME. */
export interface Welcome {
  /** What the router adds to its proof: WELCOME.Details.authextra. */
  readonly authextra: Readonly<Record<string, any>>;
  /** All of WELCOME.Details. */
  readonly details: Readonly<Record<string, any>>;
}
/** What an authenticator adds to HELLO. */
export interface HelloExtra {
  /** Who to be, instead of the `authid` of the authenticator. */
  readonly authid?: string;
  /** HELLO.Details.authextra: merged with those of the other authenticators. */
  readonly authextra?: Readonly<Record<string, unknown>>;
}
/**
 * One authentication method. `auth` makes the usual ones; write your own for others. What `hello`, `respond` or `verify` throws
 * ends the attempt: with an `AuthError` whose `cause` it is.
 *
 * ```ts
 * const pin: Authenticator = { method: 'x-pin', authid: 'joe', respond: ({ extra }) => askUser(extra['prompt']) };
 * ```
 */
export interface Authenticator {
  /** The name of the method in HELLO.Details.authmethods. */
  readonly method: string;
  /** Who to be. All authenticators of a client have the same one, or none. */
  readonly authid?: string;
  /** The method shows a secret that others must not read: it is refused unless over `wss:` or on this machine. */
  readonly needsConfidentiality?: boolean;
  /** Runs before every HELLO, so credentials may be fresh for each attempt. */
  hello?(context: AuthContext): HelloExtra | Promise<HelloExtra>;
  /** Answers a CHALLENGE. A plain string is the signature. */
  respond?(challenge: Challenge, context: AuthContext): AuthResponse | string | Promise<AuthResponse | string>;
  /** Judges WELCOME, where some routers prove who they are. Throwing aborts the session. */
  verify?(welcome: Welcome, context: AuthContext): void | Promise<void>;
}
/** Argon2id, version 1.3 (RFC 9106): WebCrypto has none. `memory` is in KiB; returns `length` bytes. */
export type Argon2id = (
  password: Uint8Array, salt: Uint8Array,
  cost: { readonly iterations: number; readonly memory: number; readonly parallelism: 1; readonly length: 32 },
) => Uint8Array | Promise<Uint8Array>;
/** Keys are bytes or hexadecimal digits. */
export interface CryptosignOptions {
  /** Who to be; without it the router says whose key it is. */
  readonly authid?: string;
  /** The seed (32 bytes), or seed and public key (64), or a key of WebCrypto that cannot be read. */
  readonly privateKey: string | Uint8Array | CryptoKeyType;
  /** The public key; needed only beside a key of WebCrypto. */
  readonly publicKey?: string | Uint8Array;
  /** The public key of the router, which then has to prove that it is the one. */
  readonly router?: string | Uint8Array;
}
/** Makers of authenticators. */
export declare const auth: {
  /** No proof at all; the router may not let in those who have none. */
  anonymous(options?: { authid?: string }): Authenticator;
  /** A cookie of an earlier session, which the browser has sent by itself. */
  cookie(): Authenticator;
  /** A certificate of this client, shown when the connection was encrypted. */
  certificate(): Authenticator;
  /**
   * A shared secret or token, sent as it is; only over `wss:` or on this machine, else an `AuthError` ("WAMP: Ticket-based
   * Authentication").
   */
  ticket(options: { authid?: string; ticket: Secret }): Authenticator;
  /** A signature with a shared secret, salted or not ("WAMP: Challenge Response Authentication"). */
  wampcra(options: { authid: string; secret: Secret }): Authenticator;
  /**
   * A password that the router does not know, and with which it has to prove itself ("WAMP: Salted Challenge Response
   * Authentication"). Keys are derived as the router says: by PBKDF2, or with Argon2id by a module of 8 kB that is loaded then and
   * keeps this thread busy while it works (35 ms for 19 MiB of memory on a laptop). `argon2id` does that instead, say in a worker.
   */
  scram(options: { authid: string; password: Secret; argon2id?: Argon2id }): Authenticator;
  /**
   * A signature with a private key, by WebCrypto (Ed25519: Node 20, Chrome 137, Firefox 129, Safari 17; "WAMP: Cryptosign-based
   * Authentication").
   */
  cryptosign(options: CryptosignOptions): Authenticator;
};
