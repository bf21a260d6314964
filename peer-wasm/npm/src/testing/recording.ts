import type { EventMessage, Subscription } from 'wamplex';

/** The events of a topic, as they come. */
export class Recording {
  readonly events: EventMessage<any>[] = [];
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #subscription: Subscription | undefined;

  /** What it is handed by the subscription that fills it. */
  add(event: EventMessage): void {
    this.events.push(event);
    this.#waiting.shift()?.();
  }

  filledBy(subscription: Subscription): this {
    this.#subscription = subscription;
    return this;
  }

  async next(): Promise<EventMessage<any>> {
    const at = this.#taken++;
    while (this.events.length <= at) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return this.events[at]!;
  }

  async stop(): Promise<void> {
    await this.#subscription?.unsubscribe();
  }
}
