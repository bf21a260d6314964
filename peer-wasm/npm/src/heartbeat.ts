import { alarm } from './alarm.js';
import type { Connection } from './connection.js';
import { Code } from './core.js';
import { networkFailure } from './errors.js';

/** Cheap for every router; one that does not know it answers as well. */
const QUESTION = 'wamp.session.count';

/** Notices connections that died without a word: pages cannot send the pings of WebSocket. */
export class Heartbeat {
  readonly #connection: Connection;
  readonly #interval: number;
  readonly #timeout: number;
  #cancel: (() => void) | undefined;
  #asking = false;

  constructor(connection: Connection, { interval = 20_000, timeout = 10_000 }: { interval?: number; timeout?: number }) {
    this.#connection = connection;
    this.#interval = interval;
    this.#timeout = timeout;
    this.#rest();
  }

  stop(): void {
    this.#cancel?.();
    this.#asking = true;
  }

  /** Asks for a sign of life now. Whatever arrives is one. */
  ask(): void {
    if (this.#asking) return;
    this.#asking = true;
    this.#cancel?.();
    this.#connection.heard = false;
    this.#cancel = alarm(this.#timeout, () => {
      if (this.#connection.heard) return this.#rest();
      this.#connection.drop(networkFailure(`the router was silent for ${this.#timeout} ms`));
    });
    const answered = () => this.#connection.isOpen && this.#rest();
    this.#connection.request(Code.Call, [{}, QUESTION], { resolve: answered, reject: answered });
  }

  #rest(): void {
    this.#cancel?.();
    this.#asking = false;
    this.#connection.heard = false;
    this.#cancel = alarm(this.#interval, () => (this.#connection.heard ? this.#rest() : this.ask()));
  }
}
