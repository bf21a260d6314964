import type { Issue } from './contract.js';
import type { Kwargs, Payload } from './values.js';

/**
 * An error with a URI, made by the application, the router, or this client ("WAMP: Predefined URIs").
 *
 * ```ts
 * try {
 *   await client.call('com.example.buy', [42]);
 * } catch (error) {
 *   if (!WampError.is(error, 'com.example.error.sold_out')) throw error;
 * }
 * ```
 */
export declare class WampError extends Error {
  /** Throw one in a registered procedure to send exactly this error to the caller. `message` and `cause` stay here. */
  constructor(uri: string, init?: Payload & { message?: string; details?: Readonly<Record<string, unknown>>; cause?: unknown });
  /** Which error it is, such as `wamp.error.no_such_procedure`. */
  readonly uri: string;
  /** Positional arguments of the error; the first is often a text. */
  readonly args: readonly any[];
  /** Named arguments of the error. */
  readonly kwargs: Kwargs;
  /** ERROR.Details or ABORT.Details, as received. */
  readonly details: Readonly<Record<string, any>>;
  /** Whether `error` is a `WampError`, and has this URI where one is given. */
  static is<U extends string>(error: unknown, uri?: U): error is WampError & { readonly uri: U };
}
/**
 * The session ended, or never began, before the answer came. `uri` is `wamp.error.network_failure`, or what the router gave as
 * the reason of its GOODBYE or ABORT.
 */
export declare class ConnectionLostError extends WampError {
  /** `maybeSent` is `false` unless given. */
  constructor(uri: string, init?: Payload & { message?: string; details?: Readonly<Record<string, unknown>>; cause?: unknown; maybeSent?: boolean });
  /**
   * `false`: the request certainly never left this machine and may be repeated. `true`: nobody knows whether it has had its effect.
   */
  readonly maybeSent: boolean;
}
/** The time limit of a call, or of `connect`, passed (`wamp.error.timeout`). */
export declare class TimeoutError extends WampError {}
/** The call was canceled, by the callee, the router, or `CallStream.cancel` (`wamp.error.canceled`). */
export declare class CanceledError extends WampError {}
/** A value does not fit the contract (`wamp.error.invalid_argument`). */
export declare class ValidationError extends WampError {
  /** `what` names the value for the message. */
  constructor(what: string, issues: readonly Issue[]);
  /** What the validator said. */
  readonly issues: readonly Issue[];
}
/**
 * The router refused to let us in, or an authenticator left it: no proof, a wrong one, or none of the router. Not tried again
 * by itself ("WAMP: Authentication").
 */
export declare class AuthError extends WampError {}
