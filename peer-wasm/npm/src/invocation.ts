import type { Handler, Invocation, Kwargs, Payload } from '../index.js';
import { Timer } from './abort.js';
import { listOf, type Connection } from './connection.js';
import { Code } from './core.js';
import type { Message } from './decode/message.js';
import { elements } from './encode/index.js';
import { CANCELED, CanceledError, RUNTIME_ERROR, WampError, toError } from './errors.js';
import { Mailbox } from './mailbox.js';
import { NOTHING } from './nothing.js';

/** Bytes that may wait in the socket before a callee is slowed down. */
const FULL = 1 << 20;
/** How long progressive results may keep the event loop to themselves, in milliseconds. */
const SLICE = 10;

/** What `Invocation.result` makes. */
class RawResult {
  constructor(readonly args: readonly unknown[], readonly kwargs: Kwargs) {}
}

/** A call that we serve. */
export class IncomingCall {
  readonly #connection: Connection;
  readonly #request: number;
  /** Of what answers the call. */
  readonly #options: Record<string, unknown>;
  readonly #details: Record<string, any>;
  readonly #abort = new AbortController();
  readonly #input: Mailbox<Required<Payload>>;
  readonly #invocation: Invocation;
  /** For the pause between two messages, as the router counts. */
  readonly #timer: Timer;
  #answered = false;
  #sliceEnd = 0;

  static refuse(connection: Connection, request: number, error: WampError): void {
    if (connection.isOpen) sendError(connection, request, error, {});
  }

  constructor(connection: Connection, message: Message, procedure: string, options = connection.answerOptions(message[3])) {
    const [, request, , details, args, kwargs] = message;
    this.#connection = connection;
    this.#options = options;
    this.#request = request;
    this.#details = details;
    this.#input = new Mailbox({ max: 65_536, overflow: 'error', onOverflow: (error) => this.#abort.abort(error) });
    if (details['progress'] !== true) this.#input.end();
    this.#timer = new Timer(details['timeout'], (error) => this.#stop(error));
    this.#invocation = this.#describe(procedure, listOf(args), kwargs ?? {});
  }

  #describe(procedure: string, args: readonly any[], kwargs: Kwargs): Invocation {
    const details = this.#details;
    return {
      args,
      kwargs,
      procedure,
      params: NOTHING,
      caller: details['caller'],
      callerAuthid: details['caller_authid'],
      callerAuthrole: details['caller_authrole'],
      timeout: details['timeout'],
      details,
      signal: this.#abort.signal,
      wantsProgress: details['receive_progress'] === true,
      progress: (value, extra) => this.#progress(value, extra),
      result: ({ args = [], kwargs = {} }) => new RawResult(args, kwargs),
      input: { [Symbol.asyncIterator]: () => ({ next: () => this.#input.next() }) },
    };
  }

  /** Serves the call to its end. Never rejects. */
  async run(handler: Handler, failed: (error: unknown) => void): Promise<void> {
    try {
      const returned = handler(this.#invocation.args, this.#invocation);
      const value = isGenerator(returned) ? await this.#generate(returned) : await returned;
      this.#answer(value);
    } catch (thrown) {
      this.#fail(thrown, failed);
    }
    this.#answered = true;
    this.#timer.stop();
    this.#input.end();
  }

  /** Progressive call invocation: one more chunk. */
  more([, , , details, args, kwargs]: Message): void {
    this.#timer.restart();
    this.#input.push({ args: listOf(args), kwargs: kwargs ?? {} });
    if (details['progress'] !== true) this.#input.end();
  }

  /** INTERRUPT. */
  interrupt(): void {
    this.#stop(new CanceledError(CANCELED, { message: 'canceled by the caller' }));
  }

  /** The session is over: nobody will read the answer. */
  abandon(cause: WampError): void {
    this.#answered = true;
    this.#stop(cause);
  }

  #stop(reason: WampError): void {
    this.#timer.stop();
    this.#abort.abort(reason);
    this.#input.end({ error: reason });
  }

  /** Every value but the last is a progressive result. */
  async #generate(generator: AsyncGenerator<unknown, unknown, void>): Promise<unknown> {
    for (;;) {
      const { done, value } = await generator.next();
      if (done) return value;
      if (this.#abort.signal.aborted) {
        await generator.return(undefined);
        throw this.#abort.signal.reason;
      }
      await this.#progress(value);
    }
  }

  async #progress(value: unknown, extra: Payload = {}): Promise<void> {
    if (this.#invocation.wantsProgress && !this.#answered && this.#connection.isOpen) {
      this.#timer.restart();
      const payload = value instanceof RawResult ? value : { ...extra, args: [value, ...(extra.args ?? [])] };
      this.#yield({ ...this.#options, progress: true }, payload);
    }
    await this.#pause();
  }

  /** Lets the socket drain and the event loop turn: else an endless generator would never hear of its INTERRUPT. */
  async #pause(): Promise<void> {
    const now = Date.now();
    if (now > this.#sliceEnd || this.#connection.bufferedAmount > FULL) {
      do await new Promise((resolve) => setTimeout(resolve, 0));
      while (this.#connection.isOpen && this.#connection.bufferedAmount > FULL && !this.#abort.signal.aborted);
      this.#sliceEnd = Date.now() + SLICE;
    }
  }

  #answer(value: unknown): void {
    if (this.#answered || !this.#connection.isOpen) return;
    if (value instanceof RawResult) this.#yield(this.#options, value);
    else this.#yield(this.#options, { args: value === undefined ? [] : [value] });
  }

  #yield(options: Record<string, unknown>, payload: Payload): void {
    const message = [Code.Yield, this.#request, options, ...elements(payload)];
    this.#connection.answer(this.#request, message, options['progress'] === true);
  }

  #fail(thrown: unknown, failed: (error: unknown) => void): void {
    const error = toError(thrown);
    const expected = error instanceof WampError || this.#abort.signal.aborted;
    if (!expected) failed(error);
    if (this.#answered || !this.#connection.isOpen) return;
    sendError(this.#connection, this.#request, this.#asWampError(error), this.#options);
  }

  #asWampError(error: Error): WampError {
    if (error instanceof WampError) return error;
    const { aborted, reason } = this.#abort.signal;
    return new WampError(aborted ? reason.uri : RUNTIME_ERROR, { args: [error.message] });
  }
}

function sendError(connection: Connection, request: number, error: WampError, options: Record<string, unknown>): void {
  const args = error.args.length > 0 || error.message === error.uri ? error.args : [error.message];
  const send = (payload: Payload, details: Record<string, unknown>) =>
    connection.answer(request, [Code.Error, Code.Invocation, request, details, error.uri, ...elements(payload)]);
  try {
    send({ args, kwargs: error.kwargs }, options);
  } catch {
    // The application put something into the error that cannot be sent.
    send({ args: [error.message] }, {});
  }
}

export function isGenerator(value: unknown): value is AsyncGenerator<unknown, unknown, void> {
  return typeof (value as any)?.[Symbol.asyncIterator] === 'function' && typeof (value as any).next === 'function';
}
