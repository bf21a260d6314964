import { limit, promised } from './abort.js';
import type { Connection } from './connection.js';
import { networkFailure } from './errors.js';

interface Waiter {
  go(connection: Connection): void;
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
  wait<T>(signal: AbortSignal | undefined, milliseconds: number, go: (connection: Connection) => T | Promise<T>): Promise<T> {
    if (this.#waiting.size >= this.#limit) {
      return Promise.reject(networkFailure(`${this.#limit} requests wait for a session already`));
    }
    return new Promise((resolve, reject) => {
      const stop = limit(signal, milliseconds, (error) => waiter.fail(error));
      const leave = () => {
        stop();
        this.#waiting.delete(waiter);
      };
      const waiter = {
        fail: (error: unknown) => {
          leave();
          reject(error);
        },
        go: (connection: Connection) => {
          leave();
          resolve(promised(() => go(connection)));
        },
      };
      this.#waiting.add(waiter);
    });
  }

  open(connection: Connection): void {
    // Listeners of traces may end the session, or what waits: then it waits on, or no more.
    for (const waiter of [...this.#waiting]) if (connection.isOpen && this.#waiting.has(waiter)) waiter.go(connection);
  }

  fail(error: unknown): void {
    for (const waiter of [...this.#waiting]) waiter.fail(error);
  }
}
