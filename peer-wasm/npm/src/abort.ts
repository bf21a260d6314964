import { TIMEOUT, TimeoutError } from './errors.js';

/** Runs `listener` when `signal` is aborted; the returned function takes that back. */
export function onAbort(signal: AbortSignal | undefined, listener: (reason: unknown) => void): () => void {
  if (!signal) return nothing;
  const run = () => listener(signal.reason);
  if (signal.aborted) {
    run();
    return nothing;
  }
  signal.addEventListener('abort', run, { once: true });
  return () => signal.removeEventListener('abort', run);
}

/** A time limit that can be started anew and taken back. */
export class Timer {
  #id: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly milliseconds: number,
    readonly expired: (error: TimeoutError) => void,
  ) {
    this.restart();
  }

  restart(): void {
    this.stop();
    // Longer delays overflow in every runtime and would fire at once.
    if (this.milliseconds > 0 && this.milliseconds < 2 ** 31) {
      this.#id = setTimeout(() => this.expired(timeoutError(this.milliseconds)), this.milliseconds);
    }
  }

  stop(): void {
    clearTimeout(this.#id);
  }
}

/** Calls `expired` when the signal is aborted or the time is up; the returned function takes that back. */
export function limit(signal: AbortSignal | undefined, milliseconds: number, expired: (error: unknown) => void): () => void {
  const timer = new Timer(milliseconds, expired);
  const release = onAbort(signal, expired);
  return () => {
    timer.stop();
    release();
  };
}

/** `promise`, unless the signal is aborted or the time is up before it settles. */
export function limited<T>(promise: Promise<T>, signal: AbortSignal | undefined, milliseconds: number): Promise<T> {
  if (!signal && milliseconds <= 0) return promise;
  return new Promise<T>((resolve, reject) => {
    promise.then(resolve, reject).finally(limit(signal, milliseconds, reject));
  });
}

export function timeoutError(milliseconds: number): TimeoutError {
  return new TimeoutError(TIMEOUT, { message: `no answer within ${milliseconds} ms` });
}

/** What `go` returns or throws, as a promise: `async` would make one more of a promise that is there. */
export function promised<T>(go: () => T | Promise<T>): Promise<T> {
  try {
    return Promise.resolve(go());
  } catch (error) {
    return Promise.reject(error);
  }
}

function nothing(): void {}
