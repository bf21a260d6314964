import type { Subscription as Inner } from '../../index.js';
import { promise, type Deferred } from './deferred.js';
import type { Event } from './event.js';
import type { Session } from './session.js';

export type SubscribeHandler = (args: any[], kwargs: Record<string, any>, details: Event, subscription: Subscription) => unknown;

/** One handler of a topic. */
export class Subscription {
  readonly options: Readonly<Record<string, unknown>>;
  active = true;
  /** Resolves when it ends: to the router's reason, or to nothing where the application has ended it. */
  readonly on_unsubscribe: Promise<string | undefined>;
  /** For the session: what settles the above, and the client's part of it. */
  readonly ended: Deferred;
  inner: Inner | undefined;

  constructor(
    readonly topic: string,
    readonly handler: SubscribeHandler,
    options: Readonly<Record<string, unknown>> | null | undefined,
    readonly session: Session,
    readonly id: number,
  ) {
    this.options = options ?? {};
    this.ended = session.defer();
    this.on_unsubscribe = promise(this.ended);
  }

  /** Resolves to whether this was the last handler of its topic here. */
  unsubscribe(): Promise<boolean> {
    return this.session.unsubscribe(this);
  }
}
