import type { Client } from '../../index.js';

/** A state that is replaced, never changed, and tells who watches it. */
export class Watched<State> {
  #state: State;
  readonly #listeners = new Set<() => void>();

  constructor(initial: State) {
    this.#state = initial;
  }

  readonly get = (): State => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  protected set(part: Partial<State>): void {
    this.#state = { ...this.#state, ...part };
    for (const listener of [...this.#listeners]) listener();
  }
}

/** What a component works with while it is there: `start` is called when it appears, and returns what ends it. */
export interface Lasting<State> {
  readonly get: () => State;
  readonly subscribe: (listener: () => void) => () => void;
  start(): () => void;
}

/** Calls `listener` whenever state or session of the client change. */
export function onState(client: Client, listener: () => void): () => void {
  client.addEventListener('statechange', listener);
  return () => client.removeEventListener('statechange', listener);
}

/**
 * Runs `start` unless it is taken back first. Components that come, go and come again in one turn (React's strict mode,
 * stores that are read once on a server) thereby cost no message.
 */
export function soon(start: () => void): () => void {
  let wanted = true;
  queueMicrotask(() => wanted && start());
  return () => void (wanted = false);
}

/** A list with one more, of which the last `limit` are kept. */
export function lastOf<T>(limit: number, list: readonly T[], item: T): readonly T[] {
  return limit > 0 ? [...list, item].slice(-limit) : [];
}
