import type { BufferOptions } from '../index.js';
import { Deque } from './deque.js';
import { WampError } from './errors.js';

/** Why a consumer was cut off that let its buffer overflow. */
export const SLOW_CONSUMER = 'wamplex.error.slow_consumer';

interface Waiting<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

interface MailboxOptions extends BufferOptions {
  /** A message was lost; called once per congestion, not once per message. */
  onSlow?(buffered: number, dropped: number): void;
  /** The buffer overflowed under the policy `error`. */
  onOverflow?(error: WampError): void;
}

/** Messages between the socket and whoever consumes them: a handler, or an iterator. */
export class Mailbox<T> {
  readonly #items = new Deque<T>();
  readonly #waiting = new Deque<Waiting<T>>();
  readonly #options: MailboxOptions;
  readonly #max: number;
  #handler: ((item: T) => unknown) | undefined;
  #busy = false;
  #slow = false;
  #ended: { error?: unknown } | undefined;
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
    if (this.#ended) return;
    if (this.#handler && !this.#busy && this.#items.length === 0) return this.#hand(item);
    const waiting = this.#waiting.shift();
    if (waiting) return waiting.resolve({ done: false, value: item });
    if (this.#items.length >= this.#max && !this.#makeRoom()) return;
    this.#items.push(item);
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift() as T;
      if (this.#items.length === 0) this.#slow = false;
      return Promise.resolve({ done: false, value });
    }
    if (this.#ended) {
      const ended = this.#ended;
      // An error is told once; after that the iterator is simply finished.
      this.#ended = {};
      return 'error' in ended ? Promise.reject(ended.error) : Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** `leave` is called when the iterator's reader has had enough. */
  iterate(leave?: () => unknown): AsyncIterator<T, undefined> {
    return {
      next: () => this.next(),
      return: async () => {
        await leave?.();
        return { done: true, value: undefined };
      },
    };
  }

  /** No more messages. What is buffered can still be consumed. */
  end(failure?: { error: unknown }): void {
    if (this.#ended) return;
    this.#ended = failure ?? {};
    for (let waiting; (waiting = this.#waiting.shift()); ) {
      if (failure) waiting.reject(failure.error);
      else waiting.resolve({ done: true, value: undefined });
    }
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
