import type { AnyParams, SubscriptionState } from './events.js';
import type { PassthruOptions } from './passthru.js';
import type { AbortSignalType, Disposable } from './runtime.js';
import type { Kwargs, Payload } from './values.js';

/** A result with named arguments or several positional ones; made by `Invocation.result`. */
export interface RawResult {
  /** All positional results. */
  readonly args: readonly unknown[];
  /** Results by their names. */
  readonly kwargs: Kwargs;
}

/** One call to a registered procedure ("WAMP: Calling and Invocations"). */
export interface Invocation<A = any, Progress = any, P = AnyParams, N = Kwargs, Results = Payload> {
  /** Positional arguments. */
  readonly args: A;
  /** Arguments by their names. */
  readonly kwargs: N;
  /** The procedure that was called; for pattern registrations not the pattern. */
  readonly procedure: string;
  /** What stands in the procedure for the parameters of the contract's URI template; none without one. */
  readonly params: P;
  /** Session id of the caller, where it is disclosed ("WAMP: Caller Identification"). */
  readonly caller?: number;
  /** Who calls, where it is disclosed. */
  readonly callerAuthid?: string;
  /** The role of who calls, where it is disclosed. */
  readonly callerAuthrole?: string;
  /** Milliseconds after which `signal` is aborted; told to those who registered with `forwardTimeout`. */
  readonly timeout?: number;
  /** All of INVOCATION.Details, as received. */
  readonly details: Readonly<Record<string, any>>;
  /**
   * Aborted when the caller cancels, when the time is over, and when the session ends; its `reason` says which ("WAMP: Call
   * Canceling").
   */
  readonly signal: AbortSignalType;
  /** Whether the caller asked for progressive results ("WAMP: Progressive Call Results"). */
  readonly wantsProgress: boolean;
  /** Sends a progressive result; does nothing if the caller wants none. Resolves when there is room for more. */
  progress(value: Progress, extra?: Payload): Promise<void>;
  /** Wraps what is more than one positional value: `return inv.result({ args: [1, 2], kwargs: { a: 3 } })`. */
  result(payload: Results): RawResult;
  /**
   * The later chunks of the arguments, for calls that are made so ("WAMP: Progressive Call Invocations"). Ends at once for others.
   */
  readonly input: AsyncIterable<Required<Payload>>;
}

/**
 * Serves a procedure. What it returns (or resolves to) is the first positional result.
 * A generator, async or not, yields progressive results and returns the final one.
 * A thrown `WampError` reaches the caller as it is, anything else as `wamp.error.runtime_error`.
 */
export type Handler<A = any, Result = any, Progress = any, P = AnyParams, N = Kwargs, Results = Payload> = (
  args: A,
  invocation: Invocation<A, Progress, P, N, Results>,
) => Result | RawResult | PromiseLike<Result | RawResult> | AsyncGenerator<Progress, Result | RawResult, void>
  | Generator<Progress, Result | RawResult, void>;

/**
 * How to register ("WAMP: Registering and Unregistering").
 *
 * ```ts
 * await client.register('com.example.resize', resize, { invoke: 'roundrobin', concurrency: 4 });
 * ```
 */
export interface RegisterOptions {
  /**
   * `exact`; `prefix`: all procedures that begin so; `wildcard`: empty components stand for any one. Default `exact` ("WAMP:
   * Pattern-based Registration").
   */
  match?: 'exact' | 'prefix' | 'wildcard';
  /** How the router chooses among several callees. Default `single`: there is only one ("WAMP: Shared Registration"). */
  invoke?: 'single' | 'roundrobin' | 'random' | 'first' | 'last';
  /** Asks the router to tell who calls; it may refuse ("WAMP: Caller Identification"). */
  discloseCaller?: boolean;
  /** Calls that the router may have running here at a time, at least 1, where it supports that. Default: no limit. */
  concurrency?: number;
  /** Takes the procedure over from whoever has it, where the router supports that and allows it. Default `false`. */
  forceReregister?: boolean;
  /**
   * The callee sees to the timeout of calls instead of the router: `Invocation.signal` is aborted when it passes ("WAMP: Call
   * Timeouts"). Default `false`.
   */
  forwardTimeout?: boolean;
  /** Payload passthru of results and errors. Without it, answers take the way that the call took, where `passthru()` can. */
  ppt?: PassthruOptions;
  /** Unregisters when aborted; before there is an answer, `register` rejects with `signal.reason`. */
  signal?: AbortSignalType;
  /** REGISTER.Options as they go over the wire, for keys that have no name here. Wins over the named ones. */
  options?: Readonly<Record<string, unknown>>;
}

/** One registered procedure, which belongs to the client and outlives sessions. */
export interface Registration extends Disposable {
  /** The procedure or pattern registered. */
  readonly procedure: string;
  /** The router's id while active: another one on each session. */
  readonly id: number | undefined;
  /**
   * How it is doing. `restoring` also while the router believes that somebody else has the procedure, such as the session we
   * lost: then it is tried again, until it works.
   */
  readonly state: SubscriptionState;
  /** Whether `state` is `active`. */
  readonly active: boolean;
  /** Resolves when the registration ends, with the URI of the reason: `wamp.close.normal` after `unregister`. Never rejects. */
  readonly closed: Promise<{ readonly reason: string }>;
  /** Ends it; calls that are running may finish. Resolves when the router has confirmed. */
  unregister(): Promise<void>;
}

export {};
