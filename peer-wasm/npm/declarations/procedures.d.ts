import type { AnyParams, SubscriptionState } from './events.js';
import type { PassthruOptions } from './passthru.js';
import type { AbortSignalType, Disposable } from './runtime.js';
import type { Kwargs, Payload } from './values.js';

/** A result with named arguments or several positional ones; made by `Invocation.result`. */
export interface RawResult {
  readonly args: readonly unknown[];
  readonly kwargs: Kwargs;
}

/** One call to a registered procedure. */
export interface Invocation<A = any, Progress = any, P = AnyParams> {
  readonly args: A;
  readonly kwargs: Kwargs;
  /** The procedure that was called; for pattern registrations not the pattern. */
  readonly procedure: string;
  /** What stands in the procedure for the parameters of the contract's URI template; none without one. */
  readonly params: P;
  /** Session id of the caller, where disclosed. */
  readonly caller?: number;
  readonly callerAuthid?: string;
  readonly callerAuthrole?: string;
  /** Milliseconds after which `signal` is aborted; told to those who registered with `forwardTimeout`. */
  readonly timeout?: number;
  /** All of INVOCATION.Details, as received. */
  readonly details: Readonly<Record<string, any>>;
  /** Aborted when the caller cancels, when the time is over, and when the session ends. */
  readonly signal: AbortSignalType;
  /** Whether the caller asked for progressive results. */
  readonly wantsProgress: boolean;
  /** Sends a progressive result, if wanted. Resolves when there is room for more. */
  progress(value: Progress, extra?: Payload): Promise<void>;
  /** Wraps what is more than one positional value: `return inv.result({ args: [1, 2], kwargs: { a: 3 } })`. */
  result(payload: Payload): RawResult;
  /** Progressive call invocation: the later chunks of input. Ends at once for plain calls. */
  readonly input: AsyncIterable<Required<Payload>>;
}

/**
 * Serves a procedure. What it returns (or resolves to) is the first positional result.
 * An async generator yields progressive results and returns the final one.
 * A thrown `WampError` reaches the caller as it is, anything else as `wamp.error.runtime_error`.
 */
export type Handler<A = any, Result = any, Progress = any, P = AnyParams> = (
  args: A,
  invocation: Invocation<A, Progress, P>,
) => Result | RawResult | PromiseLike<Result | RawResult> | AsyncGenerator<Progress, Result | RawResult, void>;

export interface RegisterOptions {
  /** How the procedure is to be understood. Default `exact`. */
  match?: 'exact' | 'prefix' | 'wildcard';
  /** How the router chooses among several callees. Default `single`. */
  invoke?: 'single' | 'roundrobin' | 'random' | 'first' | 'last';
  /** Ask the router to tell who calls. */
  discloseCaller?: boolean;
  /** Calls the router may have running here at a time, where it supports that. */
  concurrency?: number;
  /** Take the procedure over from whoever has it, where the router supports that. */
  forceReregister?: boolean;
  /** The callee sees to the timeout of calls instead of the router: `Invocation.signal` is aborted when it passes. */
  forwardTimeout?: boolean;
  /** Payload passthru of results and errors. Without it, answers take the way that the call took, where `passthru()` can. */
  ppt?: PassthruOptions;
  /** Unregisters when aborted. */
  signal?: AbortSignalType;
  /** REGISTER.Options as they go over the wire, for keys that have no name here. Wins over the named ones. */
  options?: Readonly<Record<string, unknown>>;
}

interface RegistrationMembers {
  /** The procedure or pattern registered. */
  readonly procedure: string;
  /** The router's id while active: another one on each session. */
  readonly id: number | undefined;
  /** `restoring` also while the router believes that somebody else has the procedure, such as the session we lost. */
  readonly state: SubscriptionState;
  /** Whether `state` is `active`. */
  readonly active: boolean;
  /** Resolves when the registration ends, and tells why. Never rejects. */
  readonly closed: Promise<{ readonly reason: string }>;
  /** Ends it; calls that are running may finish. */
  unregister(): Promise<void>;
}
/** One registered procedure. */
export type Registration = RegistrationMembers & Disposable;

export {};
