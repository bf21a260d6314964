import { limit, promised } from './abort.js';
import type { Connection } from './connection.js';

interface Waiter {
  go(connection: Connection): void;
  end(error: unknown): void;
}

/** What waits for a session to open, in order of arrival. */
export class Gate {
  readonly #waiting = new Set<Waiter>();

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * Runs `go` when the gate opens, unless the signal is aborted or the time is up before. When it will not open any more,
   * rejects with what `told` makes of the reason.
   */
  wait<T>(
    signal: AbortSignal | undefined, milliseconds: number, go: (connection: Connection) => T | Promise<T>, told = (error: unknown) => error,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiter = {
        go: (connection: Connection) => leave(() => resolve(promised(() => go(connection)))),
        end: (error: unknown) => leave(() => reject(told(error))),
      };
      const stop = limit(signal, milliseconds, (error) => leave(() => reject(error)));
      const leave = (then: () => void) => {
        stop();
        this.#waiting.delete(waiter);
        then();
      };
      this.#waiting.add(waiter);
    });
  }

  open(connection: Connection): void {
    // Listeners of traces may end the session, or what waits: then it waits on, or no more.
    for (const waiter of [...this.#waiting]) if (connection.isOpen && this.#waiting.has(waiter)) waiter.go(connection);
  }

  end(error: unknown): void {
    for (const waiter of [...this.#waiting]) waiter.end(error);
  }
}
