import type { Authenticator, Payload, SerializerName, SessionInfo, TraceDetail, WebSocketLike } from '../index.js';
import { Offer } from './auth/offer.js';
import { CallFlags, SERIALIZERS, Report, accepted, type Code, type Core, type CoreModule, type ReportHandler } from './core.js';
import type { BigintMode } from './decode/json.js';
import { MessageReader, type Message } from './decode/message.js';
import { encoderFor, type Encoded, type Encoder } from './encode/index.js';
import {
  AuthError, ConnectionLostError, NETWORK_FAILURE, PROTOCOL_VIOLATION, WampError, errorFromAbort, errorFromRouter,
} from './errors.js';
import { sessionInfo } from './info.js';

/** How long the router may take to answer our GOODBYE. */
const GOODBYE_TIMEOUT = 2000;

/** A request that waits for its answer. */
export interface Pending {
  resolve(message: Message): void;
  reject(error: unknown): void;
  progress?(message: Message): void;
}

/** What a connection tells its client. None of these may throw. */
export interface ConnectionListener {
  event(message: Message): void;
  invocation(message: Message): void;
  interrupt(message: Message): void;
  revoked(message: Message): void;
  trace(detail: TraceDetail): void;
  /** The session is over; told once, and only if it was open. */
  lost(cause: WampError): void;
}

export interface ConnectionOptions {
  readonly url: string;
  readonly realm: string;
  readonly authenticators: readonly Authenticator[];
  readonly attempt: number;
  readonly bigint: BigintMode;
  trace(): boolean;
  /** Aborted when the attempt is given up. */
  readonly signal: AbortSignal;
}

/** One WebSocket with one session: what the compiled core reports becomes promises and calls of the listener. */
export class Connection implements ReportHandler {
  session: SessionInfo | undefined;
  /** Set with every message that arrives. */
  heard = false;
  readonly #core: Core;
  readonly #memory: CoreModule['memory'];
  readonly #reader: MessageReader;
  readonly #options: ConnectionOptions;
  readonly #listener: ConnectionListener;
  readonly #socket: WebSocketLike;
  readonly #offer: Offer;
  readonly #pending = new Map<number, Pending>();
  #encoder!: Encoder;
  #serializer!: SerializerName;
  #lastToken = 0;
  /** The JSON message that is being handled. */
  #parsed: Message = [];
  #parsedLength = 0;
  /** Why the socket is about to close, where we know better than it does. */
  #cause: WampError | undefined;
  #closed = false;
  #opened!: { resolve(info: SessionInfo): void; reject(error: unknown): void };
  #gone!: () => void;
  #settled: (() => void) | undefined;
  /** Resolves when the session is open, rejects when there will be none. */
  readonly opened = new Promise<SessionInfo>((resolve, reject) => (this.#opened = { resolve, reject }));
  /** Resolves when the socket is closed. */
  readonly gone = new Promise<void>((resolve) => (this.#gone = resolve));

  constructor(module: CoreModule, socket: WebSocketLike, options: ConnectionOptions, listener: ConnectionListener) {
    this.#options = options;
    this.#listener = listener;
    this.#socket = socket;
    this.#memory = module.memory;
    this.#offer = new Offer(options.authenticators, options.attempt, options.signal);
    this.#reader = new MessageReader(options.bigint);
    this.#core = module.newCore(this, socket);
    this.#core.trace(options.trace());
    this.#core.start();
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  get isOpen(): boolean {
    return this.session !== undefined && this.#cause === undefined && !this.#closed;
  }

  // ---- what the core reports ----------------------------------------------------

  report(
    kind: Report, number: number, text: string | undefined,
    words: number, wordCount: number, chars: number, charCount: number, numbers: number, numberCount: number,
  ): void {
    this.heard = true;
    if (kind === Report.Open || kind === Report.Violation || kind === Report.Closed) {
      return this.#transport(kind, number, text ?? '');
    }
    if (text !== undefined) return this.#message(kind, number, this.#reader.text(text));
    if (wordCount === 0) return this.#message(kind, number, this.#parsed);
    const { buffer } = this.#memory;
    const message = this.#reader.tape({
      words: new Uint32Array(buffer, words, wordCount),
      text: new Uint8Array(buffer, chars, charCount),
      numbers: new Float64Array(buffer, numbers, numberCount),
      memory: new Uint8Array(buffer),
    });
    this.#message(kind, number, message);
  }

  parse(text: string): Uint8Array {
    try {
      this.#parsed = this.#reader.text(text);
      this.#parsedLength = this.#options.trace() ? new TextEncoder().encode(text).length : 0;
      return this.#reader.head(this.#parsed);
    } catch {
      return new Uint8Array(0);
    }
  }

  #message(kind: Report, number: number, message: Message): void {
    switch (kind) {
      case Report.Event:
        return this.#listener.event(message);
      case Report.Reply:
        return this.#reply(number, message);
      case Report.Progress:
        return this.#pending.get(number)?.progress?.(message);
      case Report.Invocation:
        return this.#listener.invocation(message);
      case Report.Interrupt:
        return this.#listener.interrupt(message);
      case Report.Revoked:
        return this.#listener.revoked(message);
      case Report.Welcome:
        return void this.#welcome(message);
      case Report.Challenge:
        return void this.#challenge(message[1], message[2]);
      case Report.Abort:
        return this.#aborted(message);
      case Report.Goodbye:
        this.#cause ??= new ConnectionLostError(message[2], { details: message[1] });
        return;
      case Report.Received:
      case Report.Sent:
        return this.#trace(kind === Report.Sent ? 'tx' : 'rx', number || this.#parsedLength, message);
    }
  }

  #transport(kind: Report, number: number, text: string): void {
    switch (kind) {
      case Report.Open:
        this.#serializer = SERIALIZERS[number]!;
        this.#encoder = encoderFor(this.#serializer);
        return void this.#hello();
      case Report.Violation:
        this.#cause ??= new WampError(PROTOCOL_VIOLATION, { message: `the router broke the protocol: ${text}` });
        return;
      case Report.Closed:
        return this.#ended(number, text);
    }
  }

  #reply(token: number, message: Message): void {
    const pending = this.#pending.get(token);
    // Given up meanwhile: the answer came too late, and nobody waits for it.
    if (!pending) return;
    this.forget(token);
    if (message[0] === 8) {
      const [, , , details, uri, args, kwargs] = message;
      pending.reject(errorFromRouter(uri, { details, args: listOf(args), kwargs }));
    } else {
      pending.resolve(message);
    }
  }

  #trace(dir: 'tx' | 'rx', bytes: number, message: Message): void {
    const shown = message[0] === 5 ? [5, '***', message[2]] : message;
    this.#listener.trace({ dir, at: Date.now(), bytes, message: shown });
  }

  #aborted([, details, uri, args, kwargs]: Message): void {
    const init = { details, args: listOf(args), kwargs };
    this.#cause = this.session ? new ConnectionLostError(uri, init) : errorFromAbort(uri, init);
  }

  // ---- joining ---------------------------------------------------------------------

  async #hello(): Promise<void> {
    try {
      const { methods, authid, authextra } = await this.#offer.hello();
      if (this.#closed) return;
      const extra = Object.keys(authextra).length > 0 ? this.#encoder.dict(authextra) : new Uint8Array(0);
      this.#core.hello(this.#options.realm, methods.join('\n'), authid, extra);
    } catch (error) {
      this.#refuse(error);
    }
  }

  async #challenge(method: string, extra: Record<string, unknown>): Promise<void> {
    try {
      const { signature, extra: answer = {} } = await this.#offer.answer(method, extra);
      if (!this.#closed) this.#core.authenticate(signature, this.#encoder.dict(answer));
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Our own side cannot authenticate, or does not trust the router. */
  #refuse(cause: unknown): void {
    if (this.#closed) return;
    const uri = 'wamp.error.authentication_failed';
    const message = cause instanceof Error ? cause.message : String(cause);
    this.#cause ??= cause instanceof WampError ? cause : new AuthError(uri, { message, cause });
    this.#core.abort(uri, message);
  }

  async #welcome(message: Message): Promise<void> {
    const { url, realm } = this.#options;
    try {
      const verdict = this.#offer.check(message[2]);
      // Only where it has to: what follows WELCOME finds an open session.
      if (verdict) await verdict;
    } catch (error) {
      return this.#refuse(error);
    }
    if (this.#closed) return;
    this.session = sessionInfo(message[1], message[2], this.#serializer, url, realm);
    this.#opened.resolve(this.session);
  }

  // ---- requests -----------------------------------------------------------------------

  /** Writes the parts of a message; valid until the next call. */
  encode(options: Readonly<Record<string, unknown>>, payload: Payload): Encoded {
    return this.#encoder.message(options, payload);
  }

  /** Sends a request whose answer settles `pending`; `sent` is its id. */
  request(pending: Pending, send: (core: Core, token: number) => number): { token: number; sent: number } {
    this.check();
    const token = (this.#lastToken = (this.#lastToken + 1) >>> 0);
    this.#pending.set(token, pending);
    try {
      return { token, sent: accepted(send(this.#core, token)) };
    } catch (error) {
      this.#pending.delete(token);
      throw error;
    }
  }

  /** SUBSCRIBE or REGISTER. */
  subscribe(pending: Pending, kind: Code, uri: string, options: Readonly<Record<string, unknown>>): void {
    this.request(pending, (core, token) => {
      const { bytes, split, shape } = this.encode(options, {});
      return core.request(kind, token, uri, CallFlags.None, split, shape, bytes);
    });
  }

  /** As `request`, for answers that a promise can wait for. */
  ask(send: (core: Core, token: number) => number): Promise<Message> {
    return new Promise((resolve, reject) => this.request({ resolve, reject }, send));
  }

  /** Sends what has no answer. */
  tell(send: (core: Core) => number): void {
    this.check();
    accepted(send(this.#core));
  }

  /** Nobody waits for this answer any more. */
  forget(token: number): void {
    this.#pending.delete(token);
    if (this.#pending.size === 0) this.#settled?.();
  }

  /** Throws unless the session is open. */
  check(): void {
    if (!this.isOpen) throw new ConnectionLostError(this.#cause?.uri ?? NETWORK_FAILURE, { message: 'the session is closed' });
  }

  /** Resolves when no request waits for its answer any more. */
  async idle(): Promise<void> {
    while (this.#pending.size > 0) await new Promise<void>((resolve) => (this.#settled = resolve));
  }

  trace(on: boolean): void {
    if (!this.#closed) this.#core.trace(on);
  }

  // ---- ending -----------------------------------------------------------------------------

  /** GOODBYE if there is a session, then the end of the socket. */
  async leave(reason: string, message: string): Promise<void> {
    if (this.#closed) return;
    if (!this.isOpen) return this.drop(new ConnectionLostError(reason, { message: 'closed by the application' }));
    this.#cause = new ConnectionLostError(reason, { message: 'closed by the application' });
    this.#core.leave(reason, message);
    const timeout = setTimeout(() => this.drop(this.#cause!), GOODBYE_TIMEOUT);
    await this.gone;
    clearTimeout(timeout);
  }

  /** Closes the socket and does not wait for it. */
  drop(cause: WampError): void {
    if (this.#closed) return;
    this.#cause ??= cause;
    this.#core.close();
    this.#ended(1006, '');
  }

  #ended(code: number, reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    const wasOpen = this.session !== undefined;
    const text = `${wasOpen ? 'the connection was lost' : `cannot connect to ${this.#options.url}`} (code ${code}${reason && `: ${reason}`})`;
    const cause = this.#cause ?? new ConnectionLostError(NETWORK_FAILURE, { message: text, details: { code } });
    this.#cause = cause;
    this.#opened.reject(cause);
    for (const pending of this.#pending.values()) {
      pending.reject(new ConnectionLostError(cause.uri, { message: cause.message, details: cause.details, cause, maybeSent: true }));
    }
    this.#pending.clear();
    this.#settled?.();
    if (wasOpen) this.#listener.lost(cause);
    this.#gone();
    // The core is still on the stack when it reports this.
    queueMicrotask(() => this.#core.free());
  }
}

/** Arguments as a list: routers may forward one bare binary value in their place. */
export function listOf(args: unknown): readonly any[] {
  return Array.isArray(args) ? args : args === undefined ? [] : [args];
}
