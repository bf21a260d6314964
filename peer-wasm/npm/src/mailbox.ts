import type { BufferOptions } from '../index.js';
import { Deque } from './deque.js';
import { WampError } from './errors.js';
import type { Emit } from './table.js';

/** Why a consumer was cut off that let its buffer overflow. */
const SLOW_CONSUMER = 'wamplex.error.slow_consumer';

type Next<T> = IteratorResult<T, undefined>;

/** What an iterator has to say when it is finished. */
export const over = (): Promise<Next<never>> => Promise.resolve({ done: true, value: undefined });

/** Messages between the socket and whoever consumes them: a handler, or an iterator. */
export class Mailbox<T> {
  /** Messages lost so far. */
  dropped = 0;
  readonly #items = new Deque<T>();
  readonly #waiting: ((next: Next<T> | Promise<Next<T>>) => void)[] = [];
  readonly #full: (error: WampError) => void;
  readonly #emit: Emit | undefined;
  readonly #topic: string | undefined;
  readonly #max: number;
  readonly #overflow: BufferOptions['overflow'];
  #handler: ((item: T) => unknown) | undefined;
  /** Until the handler has seen to the last one. */
  #busy: Promise<void> | undefined;
  #slow = false;
  /** What comes after the last message. */
  #end: (() => Promise<Next<never>>) | undefined;

  /** `full` is told that the buffer has overflowed under the policy `error`, and `emit` that messages of `topic` are lost under others. */
  constructor(
    full: (error: WampError) => void, emit?: Emit, topic?: string, buffer?: BufferOptions, max = 65_536, overflow: BufferOptions['overflow'] = 'error',
  ) {
    this.#full = full;
    this.#emit = emit;
    this.#topic = topic;
    this.#max = Math.max(1, buffer?.max ?? max);
    this.#overflow = buffer?.overflow ?? overflow;
  }

  /** Hands every message to `handler`, the next when the promise of the last has settled. */
  consume(handler: (item: T) => unknown): void {
    this.#handler = handler;
  }

  push(item: T): void {
    if (this.#end) return;
    const buffered = this.#items.length;
    this.#slow &&= buffered > 0;
    if (this.#handler && !this.#busy && buffered === 0) return this.#hand(item);
    const waiting = this.#waiting.shift();
    if (waiting) return waiting({ done: false, value: item });
    if (buffered >= this.#max) {
      if (this.#overflow === 'error') return this.#fail(new WampError(SLOW_CONSUMER, { message: `more than ${this.#max} messages waited to be consumed` }));
      this.dropped++;
      // Once per congestion, not once per message.
      if (!this.#slow) this.#tell('client');
      this.#slow = true;
      if (this.#overflow === 'drop-newest') return;
      this.#items.shift();
    }
    this.#items.push(item);
  }

  /** So many were lost on the way here. */
  missed(count: number): void {
    this.dropped += count;
    this.#tell('router');
  }

  next(): Promise<Next<T>> {
    if (this.#items.length > 0) return Promise.resolve({ done: false, value: this.#items.shift() as T });
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
    const end = (this.#end = failure ? () => Promise.reject(failure.error) : over);
    for (const waiting of this.#waiting.splice(0)) waiting(end());
  }

  /** Resolves when the handler has consumed everything. */
  async idle(): Promise<void> {
    while (this.#busy) await this.#busy;
  }

  /** Forgets what is buffered. */
  clear(): void {
    this.#items.clear();
  }

  #tell(by: 'client' | 'router'): void {
    this.#emit?.('slowconsumer', { topic: this.#topic!, buffered: this.#items.length, dropped: this.dropped, by });
  }

  #fail(error: WampError): void {
    this.end({ error });
    this.#full(error);
  }

  #hand(item: T): void {
    const promise = this.#handler!(item);
    if (promise instanceof Promise) this.#busy = promise.then(() => this.#pump());
  }

  #pump(): void {
    this.#busy = undefined;
    while (!this.#busy && this.#items.length > 0) this.#hand(this.#items.shift() as T);
  }
}
