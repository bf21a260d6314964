import { warn } from './log.js';

type Progress = (value: any) => unknown;

/** What `session.defer()` and the option `use_deferred` make. */
export interface Deferred {
  readonly promise: any;
  resolve(value?: unknown): void;
  reject(reason: unknown): void;
  notify?(value: unknown): void;
}

export type DeferredFactory = () => Deferred;

/**
 * A promise with a third function of `then` for progress. What is rejected and looked at by nobody is a warning and,
 * as with the promises that AutobahnJS makes, no end of the program.
 */
class ProgressPromise<T> extends Promise<T> {
  #watched = false;
  #seen = false;
  #listeners: Progress[] = [];

  override then(fulfilled?: any, rejected?: any, progress?: Progress | null): ProgressPromise<any> {
    this.#seen = true;
    const next = super.then(fulfilled, rejected) as ProgressPromise<any>;
    this.#listeners.push((value) => next.notify(progress ? progress(value) : value));
    return this.#watched ? next.watch() : next;
  }

  notify(value: unknown): void {
    for (const listener of this.#listeners) {
      try {
        listener(value);
      } catch (error) {
        console.error('Exception raised in progress handler:', error);
      }
    }
  }

  watch(): this {
    this.#watched = true;
    void super.then(undefined, (reason: unknown) => {
      setTimeout(() => this.#seen || warn('Potentially unhandled rejection', reason), 0);
    });
    return this;
  }
}

function deferred(watched: boolean): Deferred {
  let settle: any;
  const promise = new ProgressPromise<any>((resolve, reject) => (settle = { resolve, reject }));
  if (watched) promise.watch();
  return { promise, ...settle, notify: (value: unknown) => promise.notify(value) };
}

/** How to make promises: as the application says, else such as above. */
export function deferred_factory(options?: { use_es6_promises?: boolean; use_deferred?: DeferredFactory } | null): DeferredFactory {
  if (options?.use_es6_promises) return () => deferred(false);
  return options?.use_deferred ?? (() => deferred(true));
}

/** The promise of a deferred; those of some libraries are promises themselves. */
export function promise(made: Deferred): any {
  return made.promise?.then ? made.promise : made;
}
