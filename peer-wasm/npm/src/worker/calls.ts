import { CanceledError, type CallOptions, type Client, type Payload, type Result } from 'wamplex';
import type { CallTap, OutgoingCall } from '../call.js';
import { errorOf, payload, type Send } from './relay.js';

type Message = readonly any[];
type TappedClient = Client & { callRaw(procedure: string, payload: Payload, options: CallOptions, tap: CallTap): Promise<Result> };

/** The calls of one tab. */
export class Calls {
  readonly #client: TappedClient;
  readonly #send: Send;
  readonly #running = new Map<number, OutgoingCall>();
  /** The latest call: each has a higher number than the one before. */
  #last = 0;

  constructor(client: Client, send: Send) {
    this.#client = client as TappedClient;
    this.#send = send;
  }

  /** CALL, or more arguments for one. */
  call([, request, options, procedure, args, kwargs]: Message): void {
    const running = this.#running.get(request);
    if (running) return running.more(payload(args, kwargs), options.progress !== true);
    // More arguments, which have crossed the answer on their way.
    if (request <= this.#last) return;
    this.#last = request;
    const tap: CallTap = {
      sent: (call) => void this.#running.set(request, call),
      progress: (result) => this.#result(request, result),
    };
    // The tab keeps the time, and says when it is over.
    const call = this.#client.callRaw(procedure, payload(args, kwargs), { options, timeout: 0 }, tap);
    void call
      .then((result) => this.#result(request, result))
      // Also if what has come cannot be told.
      .catch((error: unknown) => this.#send(...errorOf(48, request, error)))
      .finally(() => this.#running.delete(request));
  }

  #result(request: number, { details, args, kwargs }: Result): void {
    this.#send(50, request, details, args, kwargs);
  }

  cancel([, request, { mode = 'skip' }]: Message): void {
    this.#running.get(request)?.giveUp(new CanceledError('wamp.error.canceled'), { mode });
  }

  end(): void {
    for (const call of this.#running.values()) call.giveUp(new CanceledError('wamp.error.canceled'));
  }
}
