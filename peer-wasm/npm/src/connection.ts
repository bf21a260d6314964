import type { SerializerName, SessionInfo, WebSocketLike } from '../index.js';
import { limited, promised } from './abort.js';
import type { Offer } from './auth/offer.js';
import { messagesOf } from './batch.js';
import { Code, Flags, Flow, SERIALIZERS, Report, type CoreModule } from './core.js';
import type { BigintMode } from './decode/json.js';
import { flagsOf } from './decode/layout.js';
import { MessageReader, type Message } from './decode/message.js';
import { encoderFor, type Encoder } from './encode/index.js';
import { UTF8 } from './utf8.js';
import {
  AUTHENTICATION_FAILED, ConnectionLostError, NETWORK_FAILURE, PROTOCOL_VIOLATION, WampError, errorType, lostBy, refusalType, refused, toError,
} from './errors.js';
import { HELLO } from './hello.js';
import { sessionInfo } from './info.js';
import type { Packer } from './passthru/index.js';
import type { Registrations } from './serve/index.js';
import { failureOf } from './socket.js';
import type { Subscriptions } from './subscription.js';
import type { Emit } from './table.js';

const enum Limit {
  /** How long the router may take to answer our GOODBYE, in milliseconds. */
  Goodbye = 2000,
  /** How large a batch grows, in bytes (of JSON in UTF-16 units); a message that is larger is sent alone. */
  LargestBatch = 0x40000,
  /**
   * How large the first batch of a turn grows: the router works on it while the rest is written. Each that follows grows twice as
   * large as the one before, since each costs a browser as much as writing a hundred messages.
   */
  FirstBatch = 0x800,
  /** How long a batch waits for loops that write one message after the other, in milliseconds. */
  Loop = 2,
  /** How many microtasks pass between two messages of such a loop: a generator takes three. */
  Patience = 4,
}

const TURN = Promise.resolve();

/** A request that waits for its answer. */
export interface Pending {
  /** Set when it is sent. */
  code?: Code;
  resolve(message: Message): void;
  reject(error: unknown): void;
  progress?(message: Message): void;
}

/** Whom a connection tells what. None of them may throw. */
export interface ConnectionListener {
  readonly subscribed: Pick<Subscriptions, 'deliver' | 'revoked'>;
  readonly registered: Pick<Registrations, 'receive' | 'revoked'> | undefined;
  readonly emit: Emit;
  /** Whether anybody wants to see the messages. */
  readonly tracing: boolean;
  /** The session is over; told once, and only if it was open. */
  lost(connection: Connection, cause: WampError): void;
}

export interface ConnectionOptions {
  readonly realm: string;
  readonly bigint?: BigintMode;
  readonly passthru?: Packer;
}

/** One WebSocket with one session: what the router says becomes promises and calls of the listener. */
export class Connection {
  session: SessionInfo | undefined;
  /** Set with every message that arrives. */
  heard = false;
  /** Why there is no session any more, or soon will be none. */
  cause: WampError | undefined;
  readonly #module: CoreModule;
  /** What the core has to know of the session from one message to the next. */
  #state = 0;
  /** The id of the next request. */
  #next = 1;
  /** The highest id of an invocation. */
  #invoked = 0;
  readonly #url: string;
  readonly #options: ConnectionOptions;
  readonly #listener: ConnectionListener;
  readonly #socket: WebSocketLike;
  readonly #offer: Offer;
  readonly #pending = new Map<number, Pending>();
  /** These are known once the socket is open. */
  #serializer!: SerializerName;
  #batched!: boolean;
  #reader!: MessageReader;
  #encoder!: Encoder;
  /** A turn of the event loop ends with sending what was written in it. */
  #flushing = false;
  /** How large the batch grows before it leaves, turn or not. */
  #enough: number = Limit.FirstBatch;
  /** What is written may have methods that call us. */
  #writing = false;
  #closed = false;
  #settle!: () => void;
  #go!: () => void;
  #rest: (() => void) | undefined;
  /** Resolves when the session is open, or when there will be none. */
  readonly settled = new Promise<void>((resolve) => (this.#settle = resolve));
  /** Resolves when the session is over. */
  readonly gone = new Promise<void>((resolve) => (this.#go = resolve));

  constructor(
    module: CoreModule, socket: WebSocketLike, url: string, offer: Offer, options: ConnectionOptions,
    listener: ConnectionListener,
  ) {
    this.#url = url;
    this.#offer = offer;
    this.#options = options;
    this.#listener = listener;
    this.#socket = socket;
    this.#module = module;
    // Some runtimes make blobs by default.
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#connected();
    socket.onmessage = ({ data }) => this.#frame(typeof data === 'string' ? data : new Uint8Array(data));
    socket.onclose = ({ code, reason }) => this.drop(failed(!this.session && url, code, reason || failureOf(socket)));
    if (socket.readyState === 1) this.#connected();
    else if (socket.readyState === 3 || failureOf(socket)) socket.onclose({ code: 1006, reason: '' });
  }

  /** Whether the network should take what was sent before there is more. */
  get isFull(): boolean {
    return this.isOpen && this.#socket.bufferedAmount + this.#encoder.size > Flow.Full;
  }

  /** The options of an answer to what came with these details. */
  answerOptions(details: Record<string, unknown>): Record<string, unknown> {
    return this.#options.passthru?.answer(details) ?? {};
  }

  get isOpen(): boolean {
    return this.session !== undefined && this.cause === undefined;
  }

  // ---- what the socket says -----------------------------------------------------

  #connected(): void {
    if (this.#serializer) return;
    const [, name, batched] = /^wamp\.2\.(\w+)(\.batched)?$/.exec(this.#socket.protocol) ?? [];
    const serializer = name as SerializerName;
    if (!SERIALIZERS.includes(serializer)) return this.#broken('the server chose no WAMP subprotocol');
    this.#serializer = serializer;
    this.#batched = batched !== undefined;
    this.#reader = new MessageReader(this.#module, serializer, this.#options.bigint);
    this.#encoder = encoderFor(serializer, this.#batched);
    this.#hello();
  }

  #frame(data: string | Uint8Array): void {
    this.heard = true;
    if (!this.#serializer) return;
    const isText = typeof data === 'string';
    const messages = isText !== (this.#serializer === 'json') ? undefined : this.#batched ? messagesOf(data) : [data];
    if (!messages) return this.#broken();
    for (const message of messages) if (!this.#closed) this.#receive(message);
  }

  #receive(data: string | Uint8Array): void {
    const message = this.#reader.message(data);
    if (!message) return this.#broken();
    if (this.#listener.tracing) this.#trace('rx', data, message);
    const [code, first, second] = message;
    const unpacked = this.#options.passthru?.unpack(message, this.#module, this.#options.bigint) ?? message;
    // Whoever listens may have ended the session.
    if (this.#closed) return;
    const [request, kind] = code === 8 ? [second, first] : [typeof first === 'number' ? first : 0, 0];
    const flags = (request > this.#invoked ? 0 : Flags.Again) | (request ? 0 : Flags.Nameless) | flagsOf(message);
    const pending = this.#pending.get(request)!;
    const outcome = this.#module.receive(this.#state, code, kind, pending?.code ?? 0, flags);
    this.#state = outcome >> 4;
    const report: Report = outcome & 15;
    if (report === Report.Invocation) this.#invoked = request;
    switch (report) {
      case Report.Event:
        return this.#listener.subscribed.deliver(unpacked);
      case Report.Reply:
        this.#forget(request);
        return code === 8 ? pending.reject(told(unpacked.slice(3), errorType)) : pending.resolve(unpacked);
      case Report.Progress:
        return pending.progress?.(unpacked);
      case Report.Revoked:
        return this.#revoked(code, second);
      case Report.Welcome:
        return this.#welcome(message);
      case Report.Challenge:
        return this.#challenge(first, second);
      case Report.Abort:
        return this.drop(told(message.slice(1), this.session ? () => ConnectionLostError : refusalType));
      case Report.Goodbye:
        this.#send([Code.Goodbye, {}, 'wamp.close.goodbye_and_out']);
        return this.drop(new ConnectionLostError(second, { details: first }));
      case Report.Left:
        return this.drop(this.cause!);
      case Report.Invocation:
      case Report.More:
      case Report.Interrupt:
        if (!this.#listener.registered?.receive(unpacked, report === Report.More) && report === Report.Invocation && this.isOpen) {
          this.#send([Code.Error, code, request, {}, 'wamp.error.no_such_registration']);
        }
        return;
      case Report.Violation:
        return this.#broken(`message ${code} may not come now`);
    }
  }

  /** The router broke the protocol, in these words. */
  #broken(words = `not a message of ${this.#socket.protocol}`): void {
    this.drop(new WampError(PROTOCOL_VIOLATION, { message: `the router broke the protocol: ${words}` }), PROTOCOL_VIOLATION, words);
  }

  #trace(dir: 'tx' | 'rx', data: string | Uint8Array, message: Message): void {
    const bytes = typeof data === 'string' ? UTF8.encode(data).length : data.length;
    const shown = message[0] === 5 ? [5, '***', message[2]] : message;
    this.#listener.emit('trace', { dir, at: Date.now(), bytes, message: shown });
  }

  #revoked(code: number, { subscription, registration, reason = 'wamp.close.revoked' }: Message[number] = {}): void {
    if (code === Code.Unsubscribed) this.#listener.subscribed.revoked(subscription, reason);
    else this.#listener.registered?.revoked(registration, reason);
  }

  // ---- joining ---------------------------------------------------------------------

  /** Goes on with what a method of authentication answers: at once where nothing has to be waited for. */
  #join<T>(ask: () => T | Promise<T>, go: (answer: T) => void): void {
    const proceed = (answer: T) => {
      if (!this.#closed) go(answer);
    };
    promised(() => {
      const answer = ask();
      return answer instanceof Promise ? answer.then(proceed) : proceed(answer);
    }).catch((error) => this.#refuse(error));
  }

  #hello(): void {
    this.#join(
      () => this.#offer.hello(),
      (details) => this.#send([Code.Hello, this.#options.realm, { ...HELLO, ...details }]),
    );
  }

  #challenge(method: string, extra: Record<string, unknown>): void {
    this.#join(
      () => this.#offer.respond(method, extra),
      ({ signature, extra: answer = {} }) => this.#send([Code.Authenticate, signature, answer], () => this.#may(Code.Authenticate)),
    );
  }

  #welcome([, id, details]: Message): void {
    this.#join(
      () => this.#offer.verify(details),
      () => {
        this.session = sessionInfo(id, details, this.#serializer, this.#url, this.#options.realm);
        this.#settle();
      },
    );
  }

  /** Our own side cannot authenticate, or does not trust the router. */
  #refuse(cause: unknown): void {
    // What went wrong here is nobody's business there.
    this.drop(cause instanceof WampError ? cause : refused(toError(cause).message, { cause }), AUTHENTICATION_FAILED);
  }

  // ---- requests -----------------------------------------------------------------------

  /**
   * Sends a request, whose answer settles `pending` if somebody waits for it. Returns its id, which `rest` stands behind. With
   * `streams` it is a call that takes more arguments.
   */
  request(code: Code, rest: readonly unknown[], pending?: Pending, streams = false): number {
    if (rest.length > 1 && typeof rest[1] !== 'string') throw new TypeError('a topic or procedure must be a string');
    this.check();
    const request = this.#next;
    this.#send([code, request, ...rest], () => {
      if (!this.#may(code, streams)) throw new TypeError('the router does not support progressive call invocations');
      this.#next = (request % 2 ** 53) + 1;
      if (!pending) return true;
      // Before it is sent: a socket may close while it sends.
      pending.code = code;
      return this.#pending.set(request, pending);
    });
    return request;
  }

  /** As `request`, for answers that a promise can wait for. */
  ask(code: Code, rest: readonly unknown[]): Promise<Message> {
    return new Promise((resolve, reject) => this.request(code, rest, { resolve, reject }));
  }

  /** Cancels a call; nobody waits for its answer any more, unless it is said. */
  cancel(request: number, options: object, waits = false): void {
    if (!waits) this.#forget(request);
    if (this.isOpen && this.#may(Code.Cancel)) this.#send([Code.Cancel, request, options]);
  }

  /** Sends what needs no id of its own: YIELD, ERROR, or more arguments for a call. */
  tell(message: readonly unknown[]): void {
    this.check();
    this.#send(message);
  }

  /** Whether the core agrees to a message, which is sent then. */
  #may(code: Code, streams = false): boolean {
    const state = this.#module.send(this.#state, code, streams);
    if (state >= 0) this.#state = state;
    return state >= 0;
  }

  /** Nobody waits for this answer any more. */
  #forget(request: number): void {
    this.#pending.delete(request);
    if (this.#pending.size === 0) this.#rest?.();
  }

  /** Resolves when no request waits for its answer any more. */
  async idle(): Promise<void> {
    while (this.#pending.size > 0) await new Promise<void>((resolve) => (this.#rest = resolve));
  }

  /**
   * Writes a message, and sends it if the core agrees: at once, or with all others of this turn where the router takes
   * batches. What cannot be written, or what the core refuses by throwing, leaves no trace.
   */
  #send(message: readonly unknown[], agrees?: () => unknown): void {
    const encoder = this.#encoder;
    if (this.#writing) throw new TypeError('toJSON() sends a message');
    this.#writing = true;
    const before = encoder.size;
    let traced;
    let shown;
    try {
      encoder.write(this.#options.passthru?.pack(message) ?? message);
      // The application may end the session from its `toJSON` methods.
      if (this.#closed) this.check();
      if (this.#listener.tracing) shown = this.#reader.read((traced = encoder.last(before)));
      if (agrees && !agrees()) return encoder.cut(before);
    } catch (error) {
      encoder.cut(before);
      throw error;
    } finally {
      this.#writing = false;
    }
    if (encoder.size > Limit.LargestBatch) this.#flush(before);
    if (!this.#batched || encoder.size > this.#enough) {
      this.#flush();
      this.#enough = Math.min(2 * this.#enough, Limit.LargestBatch);
    }
    if (this.#batched && !this.#flushing) this.#flushSoon(Date.now() + Limit.Loop);
    if (traced) this.#trace('tx', traced, shown);
  }

  /** Sends what is written when nothing more is, or when it is time. */
  #flushSoon(until: number, patience: number = Limit.Patience): void {
    const { size } = this.#encoder;
    this.#flushing = true;
    // Not `queueMicrotask`, which is several times slower in Node.
    void TURN.then(() => {
      const grew = this.#encoder.size !== size;
      if (grew ? Date.now() < until : patience > 0) this.#flushSoon(until, grew ? Limit.Patience : patience - 1);
      else {
        this.#flushing = false;
        this.#enough = Limit.FirstBatch;
        this.#flush();
      }
    });
  }

  #flush(size = this.#encoder.size): void {
    if (size === 0) return;
    try {
      this.#socket.send(this.#encoder.take(size));
    } catch {
      // A socket that is closing loses it, and says so by its close event.
    }
  }

  /** Throws unless the session is open. */
  check(): void {
    if (!this.isOpen) throw lostBy(this.cause);
  }

  // ---- ending -----------------------------------------------------------------------------

  /** GOODBYE if there is a session, then the end of the socket. */
  async leave(reason: string, message: string): Promise<void> {
    // Twice, as a listener of traces may.
    if (this.cause) return this.gone;
    const cause = (this.cause = new ConnectionLostError(reason, { message: 'closed by the application' }));
    try {
      this.#send([Code.Goodbye, message ? { message } : {}, reason], () => this.#may(Code.Goodbye));
      await limited(this.gone, undefined, Limit.Goodbye);
    } catch {
      // It cannot be written, or not now; or nobody answers.
      this.drop(cause);
    }
  }

  /**
   * The one way for a session to end: with an ABORT if there is a `reason` to tell, and because of `cause` unless another is
   * known. What was sent before still leaves.
   */
  drop(cause: WampError, reason?: string, message?: string): void {
    if (this.#closed) return;
    const why = (this.cause ??= cause);
    if (reason && this.#serializer) this.#send([Code.Abort, { message }, reason], () => this.#may(Code.Abort));
    if (this.#encoder && !this.#writing) this.#flush();
    // A listener of traces may have been quicker.
    if (this.#closed) return;
    this.#closed = true;
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    // Nobody waits for the other side to close it.
    socket.close();
    for (const pending of this.#pending.values()) pending.reject(lostBy(why, true));
    this.#pending.clear();
    this.#rest?.();
    this.#settle();
    if (this.session) this.#listener.lost(this, why);
    this.#go();
  }
}

/** The error that ERROR or ABORT tells of from its details on. */
function told([details, uri, args, kwargs]: Message, type: (uri: string) => typeof WampError): WampError {
  return new (type(uri))(uri, { details, args: listOf(args), kwargs });
}

/** A socket has ended by itself; `url` says where to, if it never was open. */
function failed(url: string | false, code: number, reason: string): WampError {
  const what = url ? `cannot connect to ${url}: no WAMP router can be reached there` : 'the connection was lost';
  const init = { message: `${what} (code ${code}${reason && `: ${reason}`})`, details: { code } };
  // Only some runtimes tell that there is a server, which speaks something else.
  return /subprotocol/.test(reason) ? new WampError(PROTOCOL_VIOLATION, init) : new ConnectionLostError(NETWORK_FAILURE, init);
}

/** Arguments as a list: routers may forward one bare binary value in their place. */
export function listOf(args: unknown): readonly any[] {
  return Array.isArray(args) ? args : args === undefined ? [] : [args];
}
