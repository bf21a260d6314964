import type { BufferOptions } from './events.js';
import type { PassthruOptions } from './passthru.js';
import type { AbortSignalType, Disposable, ReadableStreamType } from './runtime.js';
import type { Kwargs, Payload } from './values.js';

export interface CallOptions {
  kwargs?: Kwargs;
  /** Cancels the call when aborted; the promise rejects with `signal.reason`. */
  signal?: AbortSignalType;
  /** How to cancel: `skip` leaves the callee alone, `kill` and `killnowait` interrupt it. Default `killnowait`. */
  cancelMode?: 'skip' | 'kill' | 'killnowait';
  /** Milliseconds; for progressive results between two of them. Enforced here and sent to the router. */
  timeout?: number;
  discloseMe?: boolean;
  /** Sharded registration: calls with one key reach one callee, if `runmode` says so. */
  rkey?: string;
  runmode?: 'partition';
  /** Payload passthru: the router does not look into the payload. */
  ppt?: PassthruOptions;
  /** The call may be made twice: it is repeated when the session is lost before its answer came. */
  idempotent?: boolean;
  /** CALL.Options as they go over the wire, for keys that have no name here. Wins over the named ones. */
  options?: Readonly<Record<string, unknown>>;
}

export interface StreamOptions extends CallOptions {
  /** For progressive results that nobody has consumed yet. */
  buffer?: BufferOptions;
  /**
   * Progressive call invocation: what comes after `args`. Each item is sent as one more
   * list of positional arguments, or as a `Payload`; the last item ends the input.
   */
  input?: AsyncIterable<readonly unknown[] | Payload> | Iterable<readonly unknown[] | Payload>;
}

/** Everything a RESULT carries. */
export interface Result {
  readonly args: readonly any[];
  readonly kwargs: Kwargs;
  readonly details: Readonly<Record<string, any>>;
}

interface CallStreamMembers<P, R> extends AsyncIterable<P> {
  /** The final result. Independent of whether anybody consumes the progress. */
  readonly result: Promise<R>;
  /** All of the final RESULT, where its first positional argument is not enough. */
  readonly raw: Promise<Result>;
  /** The progress as a `ReadableStream`; use either this or the iterator. */
  readonly readable: ReadableStreamType<P>;
  /** Progressive results lost to a full buffer so far. */
  readonly dropped: number;
  /** Cancels the call; `result` rejects with `reason`, or with a `CanceledError`. */
  cancel(reason?: unknown): void;
}
/** A call with progressive results. Leaving a `for await` loop early cancels the call. */
export type CallStream<P = any, R = any> = CallStreamMembers<P, R> & Disposable;

export {};
