import type { Handler, Invocation, Kwargs, Payload } from '../../index.js';
import { Timer, promised } from '../abort.js';
import { turn } from '../alarm.js';
import { listOf, type Connection } from '../connection.js';
import { Code, Flow } from '../core.js';
import type { Message } from '../decode/message.js';
import { elements } from '../encode/index.js';
import { WampError, canceled, toError } from '../errors.js';
import { isGenerator } from './generator.js';
import { Mailbox } from '../mailbox.js';
import { NOTHING } from '../nothing.js';
import type { Registrations } from './registration.js';

/** How long progressive results may keep the event loop to themselves, in milliseconds. */
const SLICE = 10;

/** What `Invocation.result` makes. */
class RawResult {
  constructor(readonly args: readonly unknown[], readonly kwargs: Kwargs) {}
}

const rawResult: Invocation['result'] = ({ args = [], kwargs = {} }) => new RawResult(args, kwargs);

/** A call that we serve, as its handler sees it. What few handlers ask for is made when they do. */
export class IncomingCall implements Invocation {
  params = NOTHING;
  readonly args: readonly any[];
  readonly kwargs: Kwargs;
  readonly details: Readonly<Record<string, any>>;
  readonly #connection: Connection;
  readonly #request: number;
  readonly #host: Registrations;
  /** Of every answer. */
  readonly #options: Record<string, unknown>;
  /** Of a call that takes more arguments. */
  #input: Mailbox<Required<Payload>> | undefined;
  /** For the pause between two messages, as the router counts. */
  readonly #timer: Timer | undefined;
  #abort: AbortController | undefined;
  /** Why the caller is no longer interested. */
  #stopped: WampError | undefined;
  #answered = false;
  #sliceEnd = 0;
  #burst = 0;

  constructor(
    connection: Connection, message: Message, readonly procedure: string, host: Registrations,
    options = connection.answerOptions(message[3]),
  ) {
    const [, request, , details, args, kwargs] = message;
    this.args = listOf(args);
    this.kwargs = kwargs ?? {};
    this.details = details;
    this.#connection = connection;
    this.#request = request;
    this.#host = host;
    this.#options = options;
    if (details['progress'] === true) this.#input = this.#mailbox();
    if (details['timeout'] > 0) this.#timer = new Timer(details['timeout'], (error) => this.#stop(error));
  }

  get caller(): number | undefined {
    return this.details['caller'];
  }

  get callerAuthid(): string | undefined {
    return this.details['caller_authid'];
  }

  get callerAuthrole(): string | undefined {
    return this.details['caller_authrole'];
  }

  get timeout(): number | undefined {
    return this.details['timeout'];
  }

  get wantsProgress(): boolean {
    return this.details['receive_progress'] === true;
  }

  get signal(): AbortSignal {
    if (!this.#abort) {
      this.#abort = new AbortController();
      if (this.#stopped) this.#abort.abort(this.#stopped);
    }
    return this.#abort.signal;
  }

  get progress(): Invocation['progress'] {
    return (value, extra) => this.#progress(value, extra);
  }

  get result(): Invocation['result'] {
    return rawResult;
  }

  /** What comes after the arguments. */
  get input(): Invocation['input'] {
    if (!this.#input) (this.#input = this.#mailbox()).end();
    const mail = this.#input;
    return { [Symbol.asyncIterator]: () => mail.iterate() };
  }

  #mailbox(): Mailbox<Required<Payload>> {
    return new Mailbox((error) => this.#stop(error));
  }

  /** Serves the call to its end. What is known at once is answered at once. */
  serve(handler: Handler): void {
    try {
      const returned = handler(this.args, this);
      const later = isGenerator(returned) ? this.#generate(returned) : returned;
      if (typeof (later as any)?.then !== 'function') return this.#conclude(later);
      Promise.resolve(later).then((value) => this.#conclude(value)).catch((error) => this.#fail(error));
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #conclude(value: unknown): void {
    if (this.#waits) this.#yield(this.#options, value instanceof RawResult ? value : { args: value === undefined ? [] : [value] });
    this.#end();
  }

  /** Whether somebody waits for the answer. */
  get #waits(): boolean {
    return !this.#answered && this.#connection.isOpen;
  }

  #end(): void {
    this.#answered = true;
    this.#timer?.stop();
    this.#input?.end();
    this.#host.ended(this.#request, this);
  }

  /** Progressive call invocation: one more chunk. */
  feed([, , , details, args, kwargs]: Message): void {
    if (this.#stopped) return;
    this.#timer?.restart();
    this.#input?.push({ args: listOf(args), kwargs: kwargs ?? {} });
    if (details['progress'] !== true) this.#input?.end();
  }

  /** INTERRUPT. */
  interrupt(): void {
    this.#stop(canceled('canceled by the caller'));
  }

  /** The session is over: nobody will read the answer. */
  abandon(cause: WampError): void {
    this.#answered = true;
    this.#stop(cause);
  }

  #stop(reason: WampError): void {
    this.#timer?.stop();
    this.#stopped ??= reason;
    this.#abort?.abort(reason);
    this.#input?.end({ error: reason });
  }

  /** Every value but the last is a progressive result. */
  async #generate(generator: AsyncGenerator<unknown, unknown, void>): Promise<unknown> {
    for (;;) {
      const { done, value } = await generator.next();
      if (done) return value;
      if (this.#stopped) {
        await generator.return(undefined);
        throw this.#stopped;
      }
      await this.#progress(value);
    }
  }

  #progress(value: unknown, extra: Payload = {}): Promise<void> {
    return promised(() => {
      if (this.wantsProgress && this.#waits && !this.#stopped) {
        this.#timer?.restart();
        const payload = value instanceof RawResult ? value : { ...extra, args: extra.args ? [value, ...extra.args] : [value] };
        this.#yield({ ...this.#options, progress: true }, payload);
      }
      const now = Date.now();
      this.#sliceEnd ||= now + SLICE;
      return ++this.#burst >= Flow.Burst || now > this.#sliceEnd || this.#connection.isFull ? this.#pause() : undefined;
    });
  }

  /** Lets the socket drain and the event loop turn: else an endless generator would never hear of its INTERRUPT. */
  async #pause(): Promise<void> {
    do await turn();
    while (this.#connection.isFull && !this.#stopped);
    this.#burst = 0;
    this.#sliceEnd = Date.now() + SLICE;
  }

  #yield(options: Record<string, unknown>, payload: Payload): void {
    this.#connection.tell([Code.Yield, this.#request, options, ...elements(payload)]);
  }

  #fail(thrown: unknown): void {
    let error = toError(thrown);
    // No router takes an ERROR without a URI.
    if (!(error instanceof WampError) || typeof error.uri !== 'string') {
      if (!this.#stopped) this.#host.emit('error', { error, where: 'handler' });
      error = new WampError(this.#stopped?.uri ?? 'wamp.error.runtime_error', { args: [error.message] });
    }
    if (this.#waits) this.#refuse(error as WampError);
    this.#end();
  }

  #refuse({ uri, message, args: given, kwargs }: WampError): void {
    const args = given.length > 0 || message === uri ? given : [message];
    const send = (payload: Payload, details: Record<string, unknown>) =>
      this.#connection.tell([Code.Error, Code.Invocation, this.#request, details, uri, ...elements(payload)]);
    try {
      send({ args, kwargs }, this.#options);
    } catch {
      // The application put something into the error that cannot be sent.
      send({ args: [message] }, {});
    }
  }
}
