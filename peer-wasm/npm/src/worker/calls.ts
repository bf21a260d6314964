import type { CallOptions, Client, Payload } from 'wamplex';
import { errorOf, payload, type Send } from './relay.js';

type Message = readonly any[];

interface Running {
  readonly abort: AbortController;
  readonly options: { cancelMode?: CallOptions['cancelMode'] };
  readonly input: Chunks | undefined;
}

/** The calls of one tab. */
export class Calls {
  readonly #client: Client;
  readonly #send: Send;
  readonly #running = new Map<number, Running>();

  constructor(client: Client, send: Send) {
    this.#client = client;
    this.#send = send;
  }

  /** CALL, or more arguments for one. */
  call([, request, options, procedure, args, kwargs]: Message): void {
    const { progress, receive_progress, ...rest } = options;
    const running = this.#running.get(request);
    if (running) return running.input?.push(payload(args, kwargs), progress !== true);
    const abort = new AbortController();
    const input = progress === true ? new Chunks() : undefined;
    const call: CallOptions = {
      options: rest,
      signal: abort.signal,
      // The tab keeps the time, and says when it is over.
      timeout: 0,
      ...(receive_progress === true && { onprogress: (result) => this.#send(50, request, { ...result.details, progress: true }, result.args, result.kwargs) }),
      ...(input && { input }),
    };
    this.#running.set(request, { abort, options: call, input });
    void this.#client.callRaw(procedure, payload(args, kwargs), call).then(
      (result) => this.#send(50, request, result.details, result.args, result.kwargs),
      (error: unknown) => this.#send(...errorOf(48, request, error)),
    ).finally(() => this.#running.delete(request));
  }

  cancel([, request, options]: Message): void {
    const running = this.#running.get(request);
    if (!running) return;
    running.options.cancelMode = options.mode ?? 'skip';
    running.abort.abort();
  }

  end(): void {
    for (const { abort } of this.#running.values()) abort.abort();
  }
}

/** Arguments that come one after another. */
class Chunks implements AsyncIterable<Payload> {
  readonly #waiting: Payload[] = [];
  #ended = false;
  #wake: (() => void) | undefined;

  push(chunk: Payload, last: boolean): void {
    this.#waiting.push(chunk);
    this.#ended = last;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Payload> {
    for (;;) {
      const chunk = this.#waiting.shift();
      if (chunk) yield chunk;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
