import type { Disposable } from '../declarations/runtime.js';
import type { EventMessage } from '../index.js';
import { asyncDispose } from './dispose.js';
import { over } from './mailbox.js';
import type { Subscription } from './subscription.js';

type Events = AsyncIterator<EventMessage, undefined>;
type EventIterator = AsyncIterableIterator<EventMessage> & Disposable;

/** Events as an iterator that subscribes by itself, on the first `next()`. */
export function eventsOf(subscribe: () => Promise<Subscription>): EventIterator {
  let iterator: Promise<Events> | undefined;
  const leave = async (): Promise<IteratorResult<EventMessage, undefined>> => {
    const left = iterator;
    iterator = Promise.resolve({ next: over });
    // What could not be subscribed needs no unsubscribing, and `next()` has told.
    await left?.then((events) => events.return?.(), () => {});
    return over();
  };
  return {
    next: async () => (await (iterator ??= subscribe().then((subscription) => subscription[Symbol.asyncIterator]()))).next(),
    return: leave,
    [Symbol.asyncIterator]() {
      return this;
    },
    [asyncDispose]: leave,
  } as unknown as EventIterator;
}
