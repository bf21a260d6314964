import type { BufferOptions } from './events.js';
import type { PassthruOptions } from './passthru.js';
import type { AbortSignalType, Disposable, ReadableStreamType } from './runtime.js';
import type { Kwargs, Payload } from './values.js';

/**
 * How a call is made ("WAMP: Remote Procedure Calls").
 *
 * ```ts
 * await client.call('com.example.report', [2026], { timeout: 30_000, signal: controller.signal, idempotent: true });
 * ```
 */
export interface CallOptions {
  /** Arguments by their names, beside the positional ones. */
  kwargs?: Kwargs;
  /** Cancels the call when aborted; the promise rejects with `signal.reason` at once ("WAMP: Call Canceling"). */
  signal?: AbortSignalType;
  /**
   * What canceling, or a timeout, does to the callee: `skip` leaves it alone, `kill` and `killnowait` interrupt it. The promise
   * rejects at once in each case. Default `killnowait`.
   */
  cancelMode?: 'skip' | 'kill' | 'killnowait';
  /**
   * Milliseconds that the answer may take, with the wait for a session; for progressive results, the pause between two of them.
   * Then the call is canceled and rejects with a `TimeoutError`. Sent to the router, too ("WAMP: Call Timeouts"). Default:
   * `callTimeout` of the client; 0 means no limit.
   */
  timeout?: number;
  /** Asks the router to tell the callee who calls; it may refuse ("WAMP: Caller Identification"). */
  discloseMe?: boolean;
  /**
   * Calls with one key reach one callee of a shared registration, with `runmode: 'partition'` ("WAMP: Sharded Registration").
   */
  rkey?: string;
  /** How the router uses `rkey`. */
  runmode?: 'partition';
  /** The arguments are packed for the callee, and the router does not look into them ("WAMP: Payload Passthru Mode"). */
  ppt?: PassthruOptions;
  /**
   * The call may be made twice: it is repeated, within its `timeout`, when the session is lost before its answer came. Default
   * `false`: such a call rejects with a `ConnectionLostError`.
   */
  idempotent?: boolean;
  /** CALL.Options as they go over the wire, for keys that have no name here. Wins over the named ones. */
  options?: Readonly<Record<string, unknown>>;
}

/** How a call with progressive results is made; `idempotent` counts only without `input`. */
export interface StreamOptions extends CallOptions {
  /** For progressive results that nobody has consumed yet. Default: 65 536 of them, and `error` beyond. */
  buffer?: BufferOptions;
  /**
   * What comes after `args`: each item is sent as one more list of positional arguments, or as a `Payload`; the last item ends
   * the input. A `ReadableStream` will do as well. What the iterator throws cancels the call ("WAMP: Progressive Call Invocations").
   *
   * What sends them is in the part that `register` loads: the call is made when that is there.
   */
  input?: AsyncIterable<readonly unknown[] | Payload> | Iterable<readonly unknown[] | Payload>;
}

/** Everything a RESULT carries. */
export interface Result<N = Kwargs> {
  /** All positional results. */
  readonly args: readonly any[];
  /** Results by their names. */
  readonly kwargs: N;
  /** RESULT.Details, as received. */
  readonly details: Readonly<Record<string, any>>;
}

/**
 * A call with progressive results, as an iterator of them ("WAMP: Progressive Call Results"). Leaving a `for await` loop early
 * cancels the call. An iterator of a call that failed throws what `result` rejects with.
 *
 * ```ts
 * const job = client.stream('com.example.count', [3]);
 * for await (const progress of job) console.log(progress);
 * console.log(await job.result);
 * ```
 */
export interface CallStream<P = any, R = any, N = Kwargs> extends AsyncIterable<P>, Disposable {
  /**
   * The first positional argument of the final result. Rejects as `Client.call` does, whether anybody consumes the progress or not.
   */
  readonly result: Promise<R>;
  /** All of the final RESULT, where its first positional argument is not enough. */
  readonly raw: Promise<Result<N>>;
  /** The progress as a `ReadableStream`; use either this or the iterator. */
  readonly readable: ReadableStreamType<P>;
  /** Progressive results lost to a full buffer so far. */
  readonly dropped: number;
  /** Cancels the call; `result` rejects with `reason`, by default a `CanceledError`. */
  cancel(reason?: unknown): void;
}

export {};
