import { copy, equal } from '../binding/value.js';
import type { Lasting } from '../binding/watched.js';

/** What Svelte, in all versions, takes for a store. */
export interface Readable<T> {
  subscribe(this: void, run: (value: T) => void, invalidate?: () => void): () => void;
}

export type MaybeStore<T> = T | Readable<T>;

/**
 * A store of the state of what `make` makes of the values of `sources`; made anew when these change. It works while
 * somebody is subscribed to the store, and not on servers.
 */
export function lastingStore<Given extends unknown[], State, T extends Lasting<State>>(
  sources: { [K in keyof Given]: MaybeStore<Given[K]> }, make: (...given: Given) => T & Lasting<State>,
): [store: Readable<State>, current: () => T] {
  const readers = new Set<(state: State) => void>();
  let given: Given | undefined;
  let lasting: (T & Lasting<State>) | undefined;
  let end: (() => void) | undefined;

  const current = () => {
    const now = copy(sources.map(valueOf)) as Given;
    if (!lasting || !equal(given, now)) lasting = make(...(given = now));
    return lasting;
  };
  const tell = () => {
    for (const run of [...readers]) run(lasting!.get());
  };
  const renew = () => {
    const before = lasting;
    if (current() === before && end) return;
    end?.();
    const forget = lasting!.subscribe(tell);
    const stop = typeof document === 'undefined' ? () => {} : lasting!.start();
    end = () => {
      forget();
      stop();
      end = undefined;
    };
    tell();
  };
  let leave: (() => void)[] = [];
  const subscribe = (run: (state: State) => void) => {
    if (readers.size === 0) {
      leave = sources.filter(isStore).map((source) => source.subscribe(renew));
      renew();
    }
    run(lasting!.get());
    readers.add(run);
    return () => {
      if (!readers.delete(run) || readers.size > 0) return;
      for (const stop of leave) stop();
      end?.();
    };
  };
  return [{ subscribe }, current];
}

/** A store that shows something else of another one. */
export function mapped<T, U>(store: Readable<T>, show: (value: T) => U): Readable<U> {
  return { subscribe: (run) => store.subscribe((value) => run(show(value))) };
}

function isStore(value: unknown): value is Readable<unknown> {
  return typeof (value as Readable<unknown> | undefined)?.subscribe === 'function';
}

function valueOf<T>(source: MaybeStore<T>): T {
  if (!isStore(source)) return source;
  let found: unknown;
  source.subscribe((value) => (found = value))();
  return found as T;
}
