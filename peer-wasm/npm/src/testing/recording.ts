import type { EventMessage, Subscription } from 'wamplex';

/** The events of a topic, as they come. */
export class Recording {
  readonly events: EventMessage<any>[] = [];
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #stopped = false;
  #subscription: Subscription | undefined;

  /** What it is handed by the subscription that fills it. */
  add(event: EventMessage): void {
    this.events.push(event);
    this.#waiting.shift()?.();
  }

  filledBy(subscription: Subscription): this {
    this.#subscription = subscription;
    void subscription.closed.then(() => {
      this.#stopped = true;
      for (const wake of this.#waiting.splice(0)) wake();
    });
    return this;
  }

  async next(): Promise<EventMessage<any>> {
    const at = this.#taken++;
    while (this.events.length <= at) {
      if (this.#stopped) throw new Error('the recording has ended, and there are no more events');
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.events[at]!;
  }

  async stop(): Promise<void> {
    await this.#subscription?.unsubscribe();
  }
}
