import { Deque } from '../deque.js';
import { type Clock, nextTask } from './clock.js';

interface Message {
  readonly due: number;
  arrive(): void;
}

/** What is between sockets and router: everything takes its time and a task of its own, and nothing overtakes. */
export class Network {
  readonly #clock: Clock;
  readonly #underway = new Deque<Message>();
  readonly #waiters: { readonly now: boolean; resolve(): void }[] = [];
  /** The one that arrives next. */
  #next: Message | undefined;
  #arriving = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stalled = false;
  #latency = 0;

  constructor(clock: Clock, latency: number) {
    this.#clock = clock;
    this.latency = latency;
  }

  /** Milliseconds for each way. */
  get latency(): number {
    return this.#latency;
  }

  set latency(ms: number) {
    this.#latency = duration(ms, 'latency');
  }

  /** Nothing arrives any more, and nobody hears of it. What is under way arrives when it is over. */
  set stalled(on: boolean) {
    this.#stalled = on;
    this.#schedule();
  }

  send(arrive: () => void): void {
    this.#underway.push({ due: this.#clock.now() + this.latency, arrive });
    if (!this.#next && !this.#arriving) this.#schedule();
  }

  /** Time has passed, or more has changed. */
  wake(): void {
    this.#schedule();
  }

  /** Resolves when nothing is under way, or with `now` nothing that arrives now: at once while nothing moves. */
  idle(now = false): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ now, resolve });
      if (this.isIdle(now)) this.#settle();
    });
  }

  /** Whether nobody has to wait. */
  isIdle(now: boolean): boolean {
    return this.#stalled || !this.#next || (now && this.#next.due > this.#clock.now());
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    this.#next ??= this.#underway.shift();
    const next = this.#next;
    if (!next || this.#stalled) return this.#settle();
    const wait = next.due - this.#clock.now();
    const arrive = () => this.#arrive(next);
    if (wait <= 0) return nextTask(arrive);
    this.#timer = setTimeout(arrive, wait);
    this.#settle();
  }

  #arrive(one: Message): void {
    // Another one if this was scheduled twice.
    if (this.#next !== one || this.#stalled) return;
    this.#next = undefined;
    this.#clock.reach(one.due);
    this.#arriving = true;
    try {
      one.arrive();
    } finally {
      this.#arriving = false;
      this.#schedule();
    }
  }

  /** Tells who waits, unless what has arrived leads to more. */
  #settle(): void {
    if (this.#waiters.length === 0) return;
    nextTask(() => {
      for (const waiter of this.#waiters.splice(0)) {
        if (this.isIdle(waiter.now)) waiter.resolve();
        else this.#waiters.push(waiter);
      }
    });
  }
}

/** So many milliseconds, if they can pass. */
export function duration(ms: number, what: string): number {
  if (typeof ms === 'number' && ms >= 0 && ms < Infinity) return ms;
  throw new RangeError(`${what} is a number of milliseconds from 0, not ${ms}`);
}
