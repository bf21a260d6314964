import type { EventMessage, SubscribeOptions } from '../index.js';
import { asyncDispose } from './dispose.js';
import type { Subscription } from './subscription.js';

/** Events as an iterator that subscribes by itself, on the first `next()`. */
export class EventIterator implements AsyncIterableIterator<EventMessage> {
  readonly #subscribe: () => Promise<Subscription>;
  #iterator: Promise<AsyncIterator<EventMessage, undefined>> | undefined;
  #finished = false;

  constructor(subscribe: (options: SubscribeOptions) => Promise<Subscription>, options: SubscribeOptions) {
    this.#subscribe = () => subscribe(options);
  }

  async next(): Promise<IteratorResult<EventMessage, undefined>> {
    if (this.#finished) return { done: true, value: undefined };
    this.#iterator ??= this.#subscribe().then((subscription) => subscription[Symbol.asyncIterator]());
    return (await this.#iterator).next();
  }

  async return(): Promise<IteratorResult<EventMessage, undefined>> {
    this.#finished = true;
    // What could not be subscribed needs no unsubscribing, and `next()` has told.
    const iterator = await this.#iterator?.catch(() => undefined);
    await iterator?.return?.();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [asyncDispose](): Promise<void> {
    await this.return();
  }
}
