import type { ClientOptions, EndpointInput, SessionInfo, State } from '../index.js';
import { limited, onAbort } from './abort.js';
import { pause } from './alarm.js';
import type { Connection, ConnectionListener } from './connection.js';
import { ConnectionLostError, TimeoutError, WampError, lostBy, networkFailure, toError } from './errors.js';
import { Gate } from './gate.js';
import { heartbeat, type Heartbeat } from './heartbeat.js';
import { Opener } from './opener.js';
import { Backoff } from './reconnect.js';
import { Registrations } from './registration.js';
import { Subscriptions } from './subscription.js';
import type { Emit } from './table.js';
import { onWakeup } from './wakeups.js';

/** A session that lived as long was no accident: the next try after it comes soon. */
const LASTED = 5000;
export const CLOSED_BY_US = 'wamp.close.normal';
const DRAIN_LIMIT = 30_000;

interface Opening {
  readonly promise: Promise<SessionInfo>;
  resolve(info: SessionInfo): void;
  reject(error: unknown): void;
}

/** Keeps a session open: connects, notices when it is lost, and connects again. */
export class Link implements ConnectionListener {
  state: State = 'idle';
  tracing = false;
  readonly subscribed: Subscriptions;
  readonly registered: Registrations;
  readonly #options: ClientOptions;
  readonly #opener: Opener;
  readonly #backoff: Backoff;
  readonly #gate: Gate;
  #connection: Connection | undefined;
  #heartbeat: Heartbeat | undefined;
  /** When the last session was opened; 0 if there has been none. */
  #openedAt = 0;
  /** There while a session is being opened. */
  #opening: Opening | undefined;
  #giveUp: AbortController | undefined;
  #closing: Promise<void> | undefined;
  #draining = false;
  #failure: WampError | undefined;
  /** Ends the pause between two tries. */
  #hurry: (() => void) | undefined;
  #stopListening: (() => void) | undefined;

  constructor(endpoint: EndpointInput, options: ClientOptions, readonly emit: Emit) {
    this.#options = options;
    this.subscribed = new Subscriptions(emit);
    this.registered = new Registrations(emit);
    this.#opener = new Opener(endpoint, options, this);
    this.#backoff = new Backoff(options.reconnect);
    this.#gate = new Gate(options.whenDisconnected?.queueLimit);
  }

  /** The open session. */
  get live(): Connection | undefined {
    return this.#connection?.isOpen ? this.#connection : undefined;
  }

  /** Whether there will be no other session, unless somebody connects anew. */
  get isOver(): boolean {
    return this.state === 'closed' || (this.#closing !== undefined && !this.#draining);
  }

  // ---- opening ------------------------------------------------------------------------

  /** Resolves when a session is open, rejects when nobody tries any more, or after so many milliseconds. */
  async connect(milliseconds = 0): Promise<SessionInfo> {
    // `close()` wins over whoever connects meanwhile.
    while (this.#closing) await this.#closing;
    // A session that breaks off tells its end first.
    if (this.#connection && !this.live) await this.#connection.gone;
    const { live } = this;
    if (live) return live.session!;
    this.#hurry?.();
    let opening = this.#opening;
    if (!opening) {
      opening = this.#begin();
      void this.#run();
    }
    try {
      return await limited(opening.promise, undefined, milliseconds);
    } catch (error) {
      throw (error instanceof TimeoutError && this.#failure) || error;
    }
  }

  /** Runs `go` with the open session: now, or when there is one. */
  enter<T>(signal: AbortSignal | undefined, milliseconds: number, go: (connection: Connection) => T | Promise<T>): T | Promise<T> {
    signal?.throwIfAborted();
    const { live } = this;
    if (live) return go(live);
    if (this.isOver) throw this.closedError();
    const waiting = this.#gate.wait(signal, milliseconds, go);
    // Whoever waits learns how it ended from the gate.
    if (!this.#connection) this.connect().catch(() => {});
    return waiting;
  }

  /** Says why, if nobody wanted that. */
  closedError(): ConnectionLostError {
    const cause = this.#failure;
    return networkFailure(`the client is closed${cause ? `: ${cause.message}` : ''}`, cause && { cause });
  }

  #begin(): Opening {
    let settle!: Omit<Opening, 'promise'>;
    const promise = new Promise<SessionInfo>((resolve, reject) => (settle = { resolve, reject }));
    promise.catch(() => {});
    this.#failure = undefined;
    this.#giveUp = new AbortController();
    return (this.#opening = { promise, ...settle });
  }

  /** Tries until there is a session, first after a pause if the last one ended because of `cause`. */
  async #run(cause?: WampError): Promise<void> {
    const { signal } = this.#giveUp!;
    try {
      if (!cause) {
        this.#listen();
        signal.throwIfAborted();
        this.#set('connecting');
        signal.throwIfAborted();
      }
      for (;;) {
        if (cause) await this.#pause(cause, signal);
        const opened: Partial<Connection> = await this.#opener.open(signal).catch((error) => ({ cause: toError(error) as WampError }));
        if (signal.aborted) opened.drop?.(this.closedError());
        signal.throwIfAborted();
        // A session may end before anybody knows of it.
        const failed = opened.cause;
        if (!failed) return this.#opened(opened as Connection);
        this.#failure = cause = asWampError(failed);
        if (this.#backoff.isFinal(failed, this.#openedAt > 0)) throw failed;
        if (this.state === 'connecting') this.#set('reconnecting');
      }
    } catch (error) {
      // Whoever closes does not wait, and somebody may have begun anew.
      if (signal === this.#giveUp!.signal) this.#finish(error, signal.aborted ? undefined : asWampError(error));
    }
  }

  async #pause(cause: WampError, signal: AbortSignal): Promise<void> {
    const delay = await limited(this.#backoff.next(cause), signal, 0);
    signal.throwIfAborted();
    if (delay === undefined) throw cause;
    this.emit('reconnecting', { attempt: this.#backoff.attempts, delay, cause });
    const tryNow = (resolve: () => void) => (this.#hurry = resolve);
    await pause(delay, signal, tryNow).finally(() => (this.#hurry = undefined));
    signal.throwIfAborted();
  }

  #opened(connection: Connection): void {
    const { heartbeat: pulse } = this.#options;
    const opening = this.#opening!;
    const info = connection.session!;
    this.#connection = connection;
    this.#opening = undefined;
    this.#openedAt = Date.now();
    if (pulse !== false && pulse?.interval !== 0) this.#heartbeat = heartbeat(connection, pulse ?? {});
    // What was there before comes first: what waits may build on it.
    this.subscribed.attach(connection);
    this.registered.attach(connection);
    this.#gate.open(connection);
    opening.resolve(info);
    // A socket may close while it sends.
    if (connection !== this.#connection) return;
    this.#set('open');
    this.emit('open', info);
  }

  /** To the application's signal, and to what says that the network or the page has come back, or may have gone. */
  #listen(): void {
    const stop = onWakeup(({ type }) => {
      if (type !== 'offline') this.#hurry?.();
      if (this.live) this.#heartbeat?.ask();
    });
    // Signals may live longer than clients.
    const release = onAbort(this.#options.signal, (reason) => {
      this.#giveUp!.abort(reason);
      void this.close(CLOSED_BY_US, '', false);
    });
    this.#stopListening = () => {
      stop();
      release();
    };
  }

  // ---- ending ---------------------------------------------------------------------------

  close(reason: string, message: string, drain: boolean | number): Promise<void> {
    if (this.#closing) return this.#closing;
    let done!: () => void;
    // Before anything else: listeners must not begin anew meanwhile.
    const closing = (this.#closing = new Promise((resolve) => (done = resolve)));
    const end = () => {
      this.#closing = undefined;
      done();
    };
    this.#close(reason, message, drain).then(end, end);
    return closing;
  }

  async #close(reason: string, message: string, drain: boolean | number): Promise<void> {
    const connection = this.#connection;
    if (connection && drain !== false) {
      // Takes nothing new, and finishes what has begun.
      this.#draining = true;
      const drained = Promise.all([this.registered.drain(), this.subscribed.drain()]).then(() => connection.idle());
      await limited(drained, undefined, drain === true ? DRAIN_LIMIT : drain).catch(() => {});
      this.#draining = false;
    }
    this.#heartbeat?.stop();
    if (this.#connection) return this.#connection.leave(reason, message);
    this.#giveUp?.abort(this.closedError());
    this.#finish(this.#giveUp?.signal.reason);
  }

  lost(connection: Connection, cause: WampError): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#heartbeat?.stop();
    this.subscribed.detach();
    this.registered.detach(cause);
    const final = this.#backoff.isFinal(cause, true);
    if (!this.#closing) {
      if (Date.now() - this.#openedAt > LASTED) this.#backoff.attempts = 0;
      // Listeners may ask for things already, which wait, or close the client.
      this.#begin();
      this.emit('sessionlost', { cause });
    }
    if (!this.#closing && !final) this.#set('reconnecting');
    if (this.#closing) this.#finish(this.closedError(), undefined, cause.uri);
    else if (final) this.#finish(cause, cause);
    else void this.#run(cause);
  }

  /** `failure` is for those who wait; `cause` is missing if the end was wanted. */
  #finish(failure: unknown, cause?: WampError, reason = cause?.uri ?? CLOSED_BY_US): void {
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.reject(failure);
    if (this.state === 'closed') return;
    this.#failure = cause;
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#openedAt = 0;
    this.#backoff.attempts = 0;
    this.#set('closed');
    this.subscribed.end(reason, cause && { error: cause });
    this.registered.end(reason);
    this.#gate.fail(lost(failure));
    this.emit('close', cause ? { cause } : {});
  }

  #set(state: State): void {
    const previous = this.state;
    if (previous === state) return;
    this.state = state;
    this.emit('statechange', { state, previous });
  }
}

function asWampError(error: unknown): WampError {
  return error instanceof WampError ? error : lost(error);
}

/** What a request that never left is rejected with. */
function lost(error: unknown): ConnectionLostError {
  return error instanceof ConnectionLostError ? error : lostBy(error);
}
