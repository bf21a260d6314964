import type { BufferOptions, Result } from '../index.js';
import { onAbort } from './abort.js';
import { asyncDispose } from './dispose.js';
import { CANCELED, CanceledError } from './errors.js';
import { Mailbox } from './mailbox.js';

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
    onSlow: (buffered: number, dropped: number) => void,
    start: (signal: AbortSignal, progress: (value: unknown) => void) => Promise<Result>,
  ) {
    this.#mail = new Mailbox<any>({
      max: buffer?.max ?? 65_536,
      overflow: buffer?.overflow ?? 'error',
      onSlow,
      onOverflow: (error) => this.cancel(error),
    });
    const release = onAbort(signal, (reason) => this.cancel(reason));
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

  cancel(reason: unknown = new CanceledError(CANCELED, { message: 'the call was canceled' })): void {
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
