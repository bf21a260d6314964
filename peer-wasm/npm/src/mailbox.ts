import type { BufferOptions } from '../index.js';
import { Deque } from './deque.js';
import { WampError } from './errors.js';

/** Why a consumer was cut off that let its buffer overflow. */
export const SLOW_CONSUMER = 'wamplex.error.slow_consumer';

type Next<T> = IteratorResult<T, undefined>;

const over = (): Promise<Next<never>> => Promise.resolve({ done: true, value: undefined });

interface MailboxOptions extends BufferOptions {
  /** A message was lost; called once per congestion, not once per message. */
  onSlow?(buffered: number, dropped: number): void;
  /** The buffer overflowed under the policy `error`. */
  onOverflow?(error: WampError): void;
}

/** Messages between the socket and whoever consumes them: a handler, or an iterator. */
export class Mailbox<T> {
  readonly #items = new Deque<T>();
  readonly #waiting: ((next: Next<T> | Promise<Next<T>>) => void)[] = [];
  readonly #options: MailboxOptions;
  readonly #max: number;
  #handler: ((item: T) => unknown) | undefined;
  #busy = false;
  #slow = false;
  /** What comes after the last message. */
  #end: (() => Promise<Next<never>>) | undefined;
  #drained: (() => void) | undefined;
  dropped = 0;

  constructor(options: MailboxOptions & { max: number }) {
    this.#options = options;
    this.#max = Math.max(1, options.max);
  }

  /** Hands every message to `handler`, the next when the promise of the last has settled. */
  consume(handler: (item: T) => unknown): void {
    this.#handler = handler;
  }

  push(item: T): void {
    if (this.#end) return;
    if (this.#handler && !this.#busy && this.#items.length === 0) return this.#hand(item);
    const waiting = this.#waiting.shift();
    if (waiting) return waiting({ done: false, value: item });
    if (this.#items.length >= this.#max && !this.#makeRoom()) return;
    this.#items.push(item);
  }

  next(): Promise<Next<T>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift() as T;
      if (this.#items.length === 0) this.#slow = false;
      return Promise.resolve({ done: false, value });
    }
    const end = this.#end;
    if (!end) return new Promise((resolve) => this.#waiting.push(resolve));
    // An error is told once; after that the iterator is simply finished.
    this.#end = over;
    return end();
  }

  /** `leave` is called when the iterator's reader has had enough. */
  iterate(leave?: () => unknown): AsyncIterator<T, undefined> {
    return {
      next: () => this.next(),
      return: async () => {
        await leave?.();
        return over();
      },
    };
  }

  /** No more messages. What is buffered can still be consumed. */
  end(failure?: { error: unknown }): void {
    if (this.#end) return;
    const end = failure ? () => Promise.reject(failure.error) : over;
    this.#end = end;
    for (const waiting of this.#waiting.splice(0)) waiting(end());
  }

  /** Resolves when the handler has consumed everything. */
  async idle(): Promise<void> {
    while (this.#handler && (this.#busy || this.#items.length > 0)) {
      const before = this.#drained;
      await new Promise<void>((resolve) => {
        this.#drained = () => {
          before?.();
          resolve();
        };
      });
    }
  }

  /** Forgets what is buffered. */
  clear(): void {
    this.#items.clear();
  }

  #makeRoom(): boolean {
    if (this.#options.overflow === 'error') {
      const error = new WampError(SLOW_CONSUMER, { message: `more than ${this.#max} messages waited to be consumed` });
      this.end({ error });
      this.#options.onOverflow?.(error);
      return false;
    }
    this.dropped++;
    if (!this.#slow) {
      this.#slow = true;
      this.#options.onSlow?.(this.#items.length, this.dropped);
    }
    if (this.#options.overflow === 'drop-newest') return false;
    this.#items.shift();
    return true;
  }

  #hand(item: T): void {
    const promise = this.#handler!(item);
    if (!(promise instanceof Promise)) return;
    this.#busy = true;
    void promise.then(() => {
      this.#busy = false;
      this.#pump();
    });
  }

  #pump(): void {
    while (!this.#busy && this.#items.length > 0) this.#hand(this.#items.shift() as T);
    if (this.#items.length > 0) return;
    this.#slow = false;
    if (!this.#busy) this.#drained?.();
  }
}
