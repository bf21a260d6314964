import type { Kwargs, Payload } from '../index.js';
import { NOTHING } from './nothing.js';

interface ErrorInit extends Payload {
  message?: string;
  details?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

export class WampError extends Error {
  static {
    this.prototype.name = 'WampError';
  }
  readonly uri: string;
  readonly args: readonly any[];
  readonly kwargs: Kwargs;
  readonly details: Readonly<Record<string, any>>;

  constructor(uri: string, init: ErrorInit = {}) {
    super(init.message ?? describe(uri, init), init);
    this.uri = uri;
    this.args = init.args ?? [];
    this.kwargs = init.kwargs ?? NOTHING;
    this.details = init.details ?? NOTHING;
  }

  static is<U extends string>(error: unknown, uri?: U): error is WampError & { readonly uri: U } {
    return error instanceof WampError && (uri === undefined || error.uri === uri);
  }
}

export class ConnectionLostError extends WampError {
  static {
    this.prototype.name = 'ConnectionLostError';
  }
  readonly maybeSent: boolean;

  constructor(uri: string, init: ErrorInit & { maybeSent?: boolean } = {}) {
    super(uri, init);
    this.maybeSent = init.maybeSent ?? false;
  }
}

export class TimeoutError extends WampError {
  static {
    this.prototype.name = 'TimeoutError';
  }
}

export class CanceledError extends WampError {
  static {
    this.prototype.name = 'CanceledError';
  }
}

export class AuthError extends WampError {
  static {
    this.prototype.name = 'AuthError';
  }
}

export const TIMEOUT = 'wamp.error.timeout';
export const CANCELED = 'wamp.error.canceled';
export const NETWORK_FAILURE = 'wamp.error.network_failure';
export const AUTHENTICATION_FAILED = 'wamp.error.authentication_failed';
export const PROTOCOL_VIOLATION = 'wamp.error.protocol_violation';

/** What makes errors with this URI, in words of ours. */
function failing<E extends WampError>(type: new (uri: string, init: ErrorInit) => E, uri: string) {
  return (message: string, init?: ErrorInit): E => new type(uri, { ...init, message });
}

/** There is no session. */
export const networkFailure = failing(ConnectionLostError, NETWORK_FAILURE);
/** The runtime or the page lacks what the client needs; not an error of WAMP. */
export const unsupported = failing(WampError, 'wamplex.error.unsupported');
/** Nobody wants an answer any more. */
export const canceled = failing(CanceledError, CANCELED);
/** What the client itself refuses, or cannot do. */
export const refused = failing(AuthError, AUTHENTICATION_FAILED);

/** The specification spells it both ways. */
const CANCELLATION = /^wamp\.error\.cancell?ed$/;
const REFUSAL = /^wamp\.error\.(auth|(not_authorized|no_such_(principal|role)|no_matching_auth_method)$)/;

/** Whether the router does not want us. */
export const isRefusal = (uri: string): boolean => REFUSAL.test(uri);

/** What an ERROR that answers one of our requests becomes. */
export function errorType(uri: string): typeof WampError {
  return uri === TIMEOUT ? TimeoutError : CANCELLATION.test(uri) ? CanceledError : WampError;
}

/** What an ABORT that answers HELLO or AUTHENTICATE becomes. */
export function refusalType(uri: string): typeof WampError {
  return isRefusal(uri) ? AuthError : WampError;
}

/** What a request is rejected with that has no answer because of `cause`. */
export function lostBy(cause: unknown, maybeSent = false): ConnectionLostError {
  const { uri = NETWORK_FAILURE, details, message } = toError(cause) as Partial<WampError>;
  return new ConnectionLostError(uri, { message, details, cause, maybeSent });
}

/** Someone threw something: an `Error` in any case. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown });
}

/** Waits for the end of something; that it is gone already is an end too. */
export async function gone(ending: Promise<unknown>): Promise<void> {
  try {
    await ending;
  } catch (error) {
    if (!(error instanceof ConnectionLostError || /\.no_such_(subscription|registration)$/.test((error as WampError).uri))) throw error;
  }
}

function describe(uri: string, init: ErrorInit): string {
  const text = init.args?.[0] ?? init.details?.['message'];
  return typeof text === 'string' && text ? `${uri}: ${text}` : uri;
}
