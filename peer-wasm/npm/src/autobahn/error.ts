import { WampError } from 'wamplex';
import type { Kwargs } from '../../index.js';

interface Origin {
  message?: string;
  details?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

/** `autobahn.Error`: an error with a URI, which is here a real `Error` and a `WampError`. */
export class AutobahnError extends WampError {
  static {
    this.prototype.name = 'Error';
  }
  /** The URI. */
  readonly error: string;

  constructor(error: string, args?: readonly unknown[] | null, kwargs?: Kwargs | null, origin: Origin = {}) {
    super(error, { ...origin, args: args ?? [], kwargs: kwargs ?? {} });
    this.error = error;
  }
}

/** What rejects promises: the client's errors under the name that applications test for. */
export function asAutobahnError(error: unknown): unknown {
  if (!(error instanceof WampError) || error instanceof AutobahnError) return error;
  const { uri, args, kwargs, message, details } = error;
  return new AutobahnError(uri, [...args], kwargs, { message, details, cause: error });
}

/** The library was misused: an error that prints, and compares with `==`, as the text that AutobahnJS throws. */
export function misuse(text: string): Error {
  return Object.defineProperty(new Error(text), 'toString', { value: () => text });
}
