import { WampError } from 'wamplex';
import type { Tab } from '../../worker.js';
import type { Port } from './messages.js';
import { PortSocket } from './port_socket.js';

type Made = Tab & { terminate?(): void };

/**
 * How long a worker that has died is left alone, in milliseconds. Firefox gives whoever asks within the next few the one that is
 * dying, and then, sometimes, nobody another one ever again.
 */
const REST = 250;
/** How long another worker may take to answer, in milliseconds, before it is asked again. */
const FRESH = 1000;

/** The way from a tab to the worker, and to the next one when it is dead. */
export class Entrance {
  /** What the last one has died of, or why it is silent. */
  failure = 'the worker does not answer: it has to call serve() at the top of its script';
  readonly #make: (() => Made | Promise<Made>) | undefined;
  #tab: Made | undefined;
  #dead = false;

  constructor(tab: Tab | (() => Tab | Promise<Tab>)) {
    if (typeof tab === 'function') this.#make = tab;
    else this.#tab = tab;
  }

  /** `learn` is told how the worker has proved who it is. */
  async open(learn: (authmethod: string) => void): Promise<PortSocket> {
    const patience = this.#dead && this.#make ? FRESH : 0;
    const tab = await this.#next();
    return new PortSocket(portOf(tab), !!this.#make && !tab.terminate, tab as Partial<EventTarget>, patience, {
      learn,
      failed: (reason, dead) => {
        this.#dead ||= dead;
        this.failure = reason;
      },
    });
  }

  /**
   * A port for every socket if they can be made: where one leads to a worker that was just ending, nobody says that it leads
   * nowhere. Only a worker of this tab alone stays: there is one for each that is made.
   */
  async #next(): Promise<Made> {
    const made = this.#tab;
    const make = this.#make;
    if (!make) {
      if (this.#dead) throw unusable(`${this.failure}; connect() can go on with another if it is given a function that makes one`);
      return made!;
    }
    if (this.#dead) {
      made?.terminate?.();
      await new Promise((rested) => setTimeout(rested, REST));
      this.#dead = false;
    } else if (made?.terminate) {
      return made;
    }
    try {
      return (this.#tab = await make());
    } catch (cause) {
      // It may have been bad luck if it has worked before.
      throw made ? cause : unusable(`the worker cannot be made: ${cause}`, cause);
    }
  }
}

const unusable = (message: string, cause?: unknown) => new WampError('wamplex.error.unsupported', { message, cause });

export function portOf(tab: Tab): Port {
  const port = (tab as any)?.port ?? tab;
  if (typeof port?.addEventListener === 'function') return port;
  throw unusable(`neither a SharedWorker nor a Worker nor a port: ${tab}`);
}
