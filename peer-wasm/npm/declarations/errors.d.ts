import type { Issue } from './contract.js';
import type { Kwargs, Payload } from './values.js';

/** An error with a URI, made by the application, the router, or this client. */
export declare class WampError extends Error {
  /** Throw one in a registered procedure to send exactly this error to the caller. */
  constructor(uri: string, init?: Payload & { message?: string; details?: Readonly<Record<string, unknown>>; cause?: unknown });
  readonly uri: string;
  readonly args: readonly any[];
  readonly kwargs: Kwargs;
  /** ERROR.Details or ABORT.Details, as received. */
  readonly details: Readonly<Record<string, any>>;
  /** Whether `error` is a `WampError`, and has this URI where one is given. */
  static is<U extends string>(error: unknown, uri?: U): error is WampError & { readonly uri: U };
}
/** The session ended, or never began, before the answer came. */
export declare class ConnectionLostError extends WampError {
  constructor(uri: string, init?: Payload & { message?: string; details?: Readonly<Record<string, unknown>>; cause?: unknown; maybeSent?: boolean });
  /** `false`: the request certainly never left this machine and may be repeated. */
  readonly maybeSent: boolean;
}
/** A time limit passed (`wamp.error.timeout`). */
export declare class TimeoutError extends WampError {}
/** The call was canceled (`wamp.error.canceled`). */
export declare class CanceledError extends WampError {}
/** A value does not fit the contract (`wamp.error.invalid_argument`). */
export declare class ValidationError extends WampError {
  /** `what` names the value for the message. */
  constructor(what: string, issues: readonly Issue[]);
  /** What the validator said. */
  readonly issues: readonly Issue[];
}
/** The router refused to let us in. */
export declare class AuthError extends WampError {}
