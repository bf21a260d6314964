import type { SubscriptionState } from '../index.js';
import { CANCELED } from './errors.js';
import type { Place, Table } from './table.js';

/** What subscriptions and registrations have in common: they last until the application or the router ends them. */
export abstract class Lasting {
  readonly closed: Promise<{ readonly reason: string }>;
  /** Of the router, of which this is one holder; set by the table. */
  place!: Place<any>;
  /** Takes back what waits for the application's signal. */
  release: (() => void) | undefined;
  #table: Table<any> | undefined;
  #close!: (how: { reason: string }) => void;

  /** `wire`: SUBSCRIBE.Options or REGISTER.Options. */
  constructor(table: Table<any>, readonly uri: string, readonly wire: Record<string, unknown>) {
    this.#table = table;
    this.closed = new Promise((resolve) => (this.#close = resolve));
  }

  get id(): number | undefined {
    return this.#table && this.place.id;
  }

  get state(): SubscriptionState {
    if (!this.#table) return 'closed';
    return this.id === undefined ? 'restoring' : 'active';
  }

  get active(): boolean {
    return this.state === 'active';
  }

  /** Ends it here and at the router. */
  async leave(reason = 'wamp.close.normal', failure?: { error: unknown }): Promise<void> {
    const table = this.#table;
    this.finish(reason, failure);
    await table?.remove(this);
  }

  /** Ends it because the application's signal was aborted. Nobody wants to know what the router says about that. */
  abort(reason: unknown): void {
    this.fail(CANCELED, reason);
  }

  protected fail(uri: string, error: unknown): void {
    this.leave(uri, { error }).catch(() => {});
  }

  /** Ends it here; the router knows, or cannot be told. */
  finish(reason: string, _failure?: { error: unknown }): void {
    this.#table = undefined;
    this.release?.();
    this.#close({ reason });
  }

  /** Ends it; resolves when what arrived until then has been seen to. */
  drain(): Promise<void> {
    return this.leave();
  }
}
