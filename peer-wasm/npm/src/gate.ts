import { Timer, onAbort } from './abort.js';
import { networkFailure } from './errors.js';
import type { Session } from './session.js';

interface Waiter {
  go(session: Session): void;
  fail(error: unknown): void;
}

/** What waits for a session to open, in order of arrival. */
export class Gate {
  readonly #limit: number;
  readonly #waiting = new Set<Waiter>();

  constructor(limit = 1024) {
    this.#limit = limit;
  }

  /** Runs `go` when the gate opens, unless the signal is aborted or the time is up before. */
  wait<T>(signal: AbortSignal | undefined, milliseconds: number, go: (session: Session) => T | Promise<T>): Promise<T> {
    if (this.#waiting.size >= this.#limit) {
      return Promise.reject(networkFailure(`${this.#limit} requests wait for a session already`));
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(waiter);
        timer.stop();
        release();
      };
      const fail = (error: unknown) => {
        leave();
        reject(error);
      };
      const waiter = {
        fail,
        go: (session: Session) => {
          leave();
          try {
            resolve(go(session));
          } catch (error) {
            reject(error);
          }
        },
      };
      let release = () => {};
      const timer = new Timer(milliseconds, fail);
      this.#waiting.add(waiter);
      release = onAbort(signal, fail);
    });
  }

  open(session: Session): void {
    for (const waiter of [...this.#waiting]) waiter.go(session);
  }

  fail(error: unknown): void {
    for (const waiter of [...this.#waiting]) waiter.fail(error);
  }
}
