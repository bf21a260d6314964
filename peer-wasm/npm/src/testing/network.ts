import { Deque } from '../deque.js';
import { type Clock, nextTask } from './clock.js';

/** What is between sockets and router: everything takes its time and a task of its own, and nothing overtakes. */
export class Network {
  readonly #clock: Clock;
  readonly #underway = new Deque<{ readonly due: number; readonly arrive: () => void }>();
  readonly #waiters: (() => void)[] = [];
  #next: { readonly due: number; readonly arrive: () => void } | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stalled = false;
  /** Milliseconds for each way. */
  latency: number;

  constructor(clock: Clock, latency: number) {
    this.#clock = clock;
    this.latency = latency;
  }

  /** Nothing arrives any more, and nobody hears of it. What is under way arrives when it is over. */
  set stalled(on: boolean) {
    this.#stalled = on;
    this.#schedule();
  }

  send(arrive: () => void): void {
    this.#underway.push({ due: this.#clock.now() + this.latency, arrive });
    if (!this.#next) this.#schedule();
  }

  /** Time has passed, or more has changed. */
  wake(): void {
    this.#schedule();
  }

  /** Resolves when nothing is under way: at once while nothing moves. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      if (!this.#next || this.#stalled) this.#settle();
    });
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#next ??= this.#underway.shift();
    const next = this.#next;
    if (!next || this.#stalled) return this.#settle();
    const wait = next.due - this.#clock.now();
    const arrive = () => this.#arrive(next);
    if (wait > 0) this.#timer = setTimeout(arrive, wait);
    else nextTask(arrive);
  }

  #arrive(one: { readonly due: number; readonly arrive: () => void }): void {
    // Another one if this was scheduled twice.
    if (this.#next !== one || this.#stalled) return;
    this.#next = undefined;
    this.#clock.reach(one.due);
    one.arrive();
    this.#schedule();
  }

  /** Tells who waits, unless what arrived last leads to more. */
  #settle(): void {
    if (this.#waiters.length === 0) return;
    nextTask(() => {
      if (this.#next && !this.#stalled) return;
      for (const resolve of this.#waiters.splice(0)) resolve();
    });
  }
}
