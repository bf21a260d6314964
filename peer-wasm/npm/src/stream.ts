import type { BufferOptions, Result } from '../index.js';
import { onAbort } from './abort.js';
import { asyncDispose } from './dispose.js';
import { canceled } from './errors.js';
import { Mailbox } from './mailbox.js';
import type { Emit } from './table.js';

/** A call with progressive results. */
export class CallStream implements AsyncIterable<any> {
  readonly result: Promise<any>;
  readonly raw: Promise<Result>;
  readonly #mail: Mailbox<any>;
  readonly #abort = new AbortController();
  #readable: ReadableStream<any> | undefined;

  /** `start` makes the call; its signal is aborted when the call is to be given up. */
  constructor(
    buffer: BufferOptions | undefined,
    signal: AbortSignal | undefined,
    topic: string,
    emit: Emit,
    start: (signal: AbortSignal, progress: (value: unknown) => void) => Promise<Result>,
  ) {
    const cancel = (reason: unknown) => this.cancel(reason);
    this.#mail = new Mailbox(cancel, emit, topic, buffer);
    const release = onAbort(signal, cancel);
    this.raw = start(this.#abort.signal, (value) => this.#mail.push(value)).finally(release);
    this.result = this.raw.then(({ args }) => args[0]);
    // Whoever only iterates, or only wants `raw`, learns there how the call failed.
    this.result.then(
      () => this.#mail.end(),
      (error) => this.#mail.end({ error }),
    );
  }

  get dropped(): number {
    return this.#mail.dropped;
  }

  cancel(reason: unknown = canceled('the call was canceled')): void {
    this.#abort.abort(reason);
  }

  [Symbol.asyncIterator](): AsyncIterator<any, undefined> {
    return this.#mail.iterate(() => this.cancel());
  }

  get readable(): ReadableStream<any> {
    return (this.#readable ??= new ReadableStream(
      {
        pull: async (controller) => {
          const { done, value } = await this.#mail.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        cancel: (reason) => this.cancel(reason),
      },
      { highWaterMark: 0 },
    ));
  }

  async [asyncDispose](): Promise<void> {
    this.cancel();
    await this.result.catch(() => {});
  }
}
