import type { ClientOptions, EndpointInput, SessionInfo, State } from '../index.js';
import { limited, onAbort } from './abort.js';
import { pause } from './alarm.js';
import type { Connection, ConnectionListener } from './connection.js';
import { ConnectionLostError, TimeoutError, WampError, lostBy, networkFailure, toError } from './errors.js';
import { Gate } from './gate.js';
import { heartbeat } from './heartbeat.js';
import { Opener } from './opener.js';
import { Backoff } from './reconnect.js';
import type { Registrations } from './serve/index.js';
import { Serving } from './serving.js';
import { Subscriptions } from './subscription.js';
import type { Emit } from './table.js';
import { onWakeup } from './wakeups.js';

export const CLOSED_BY_US = 'wamp.close.normal';

const enum Limit {
  /** For what has begun when the client is closed, in milliseconds. */
  Drain = 30_000,
}

/** Keeps a session open: connects, notices when it is lost, and connects again. */
export class Link implements ConnectionListener {
  state: State = 'idle';
  tracing = false;
  readonly subscribed: Subscriptions;
  readonly #options: ClientOptions;
  #registered: Registrations | undefined;
  readonly #opener: Opener;
  readonly #gate = new Gate();
  #backoff!: Backoff;
  /** From when somebody connects until nobody tries any more, however often a session is lost. Aborted when that is wanted. */
  #life: AbortController | undefined;
  #connection: Connection | undefined;
  /** Asks the router for a sign of life. */
  #ask: (() => void) | undefined;
  #closing: Promise<void> | undefined;
  #draining = false;
  #failure: WampError | undefined;
  /** Ends the pause between two tries. */
  #hurry: (() => void) | undefined;

  constructor(endpoint: EndpointInput, options: ClientOptions, readonly emit: Emit) {
    this.#options = options;
    this.subscribed = new Subscriptions(emit);
    this.#opener = new Opener(endpoint, options, this);
  }

  /** The open session. */
  get live(): Connection | undefined {
    return this.#connection?.isOpen ? this.#connection : undefined;
  }

  /** Once what serves is loaded. */
  get registered(): Registrations | undefined {
    return (this.#registered ??= Serving && new Serving(this.emit, this.#connection));
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
    if (this.live) return this.live.session!;
    const opened = this.#gate.wait(undefined, milliseconds, ({ session }) => session!);
    this.#begin();
    try {
      return await opened;
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
    const { queueLimit = 1024 } = this.#options.whenDisconnected ?? {};
    if (this.#gate.size >= queueLimit) throw networkFailure(`${queueLimit} requests wait for a session already`);
    const waiting = this.#gate.wait(signal, milliseconds, go, lost);
    this.#begin();
    return waiting;
  }

  /** Says why, if nobody wanted that. */
  closedError(): ConnectionLostError {
    const cause = this.#failure;
    return networkFailure(`the client is closed${cause ? `: ${cause.message}` : ''}`, cause && { cause });
  }

  /** Makes sure that somebody tries, and now. */
  #begin(): void {
    this.#hurry?.();
    if (this.#life) return;
    this.#failure = undefined;
    this.#life = new AbortController();
    this.#backoff = new Backoff(this.#options.reconnect);
    void this.#run(this.#life.signal);
  }

  /** Tries until there is a session, first after a pause if the last one ended because of `cause`. */
  async #run(signal: AbortSignal, cause?: WampError): Promise<void> {
    try {
      if (!cause) {
        this.#listen(signal);
        signal.throwIfAborted();
        this.#set('connecting');
      }
      for (;;) {
        signal.throwIfAborted();
        if (cause) await this.#pause(cause, signal);
        const opened: Partial<Connection> = await this.#opener.open(signal).catch((error) => ({ cause: toError(error) as WampError }));
        if (signal.aborted) opened.drop?.(this.closedError());
        signal.throwIfAborted();
        // A session may end before anybody knows of it.
        const failed = opened.cause;
        if (!failed) return this.#opened(opened as Connection);
        this.#failure = cause = asWampError(failed);
        if (this.#backoff.isFinal(failed)) throw failed;
        if (this.state === 'connecting') this.#set('reconnecting');
      }
    } catch (error) {
      // Who aborts sees to the end, too.
      if (!signal.aborted) this.#finish(error, asWampError(error));
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
    this.#connection = connection;
    this.#backoff.opened();
    this.#ask = pulse !== false && pulse?.interval !== 0 ? heartbeat(connection, pulse ?? {}) : undefined;
    // What was there before comes first: what waits may build on it.
    this.subscribed.attach(connection);
    this.registered?.attach(connection);
    this.#gate.open(connection);
    // A socket may close while it sends.
    if (connection !== this.#connection) return;
    this.#set('open');
    this.emit('open', connection.session!);
  }

  /** To the application's signal, and to what says that the network or the page has come back, or may have gone. */
  #listen(life: AbortSignal): void {
    onWakeup(life, ({ type }) => {
      if (type !== 'offline') this.#hurry?.();
      this.#ask?.();
    });
    // Signals may live longer than clients.
    onAbort(life, onAbort(this.#options.signal, (reason) => {
      this.#life!.abort(reason);
      void this.close(CLOSED_BY_US, '', false);
    }));
  }

  // ---- ending ---------------------------------------------------------------------------

  close(reason: string, message: string, drain: boolean | number): Promise<void> {
    if (this.#closing) return this.#closing;
    let done!: () => void;
    // Before anything else: listeners must not begin anew meanwhile.
    this.#closing = new Promise((resolve) => (done = resolve));
    return this.#close(reason, message, drain).finally(() => {
      this.#closing = undefined;
      done();
    });
  }

  async #close(reason: string, message: string, drain: boolean | number): Promise<void> {
    const connection = this.#connection;
    if (connection && drain !== false) {
      // Takes nothing new, and finishes what has begun.
      this.#draining = true;
      const drained = Promise.all([this.registered?.drain(), this.subscribed.drain()]).then(() => connection.idle());
      await limited(drained, undefined, drain === true ? Limit.Drain : drain).catch(() => {});
      this.#draining = false;
    }
    if (this.#connection) return this.#connection.leave(reason, message);
    this.#finish(this.closedError());
  }

  lost(connection: Connection, cause: WampError): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.subscribed.detach();
    this.registered?.detach(cause);
    this.#backoff.lost();
    const final = this.#backoff.isFinal(cause);
    // Listeners may ask for things already, which wait, or close the client.
    if (!this.#closing) this.emit('sessionlost', { cause });
    if (!this.#closing && !final) this.#set('reconnecting');
    if (this.#closing) this.#finish(this.closedError(), undefined, cause.uri);
    else if (final) this.#finish(cause, cause);
    else void this.#run(this.#life!.signal, cause);
  }

  /** `failure` is for those who wait, unless the application has said why; `cause` is missing if the end was wanted. */
  #finish(failure: unknown, cause?: WampError, reason = cause?.uri ?? CLOSED_BY_US): void {
    const life = this.#life;
    this.#life = undefined;
    life?.abort(failure);
    this.#gate.end(life ? life.signal.reason : failure);
    if (this.state === 'closed') return;
    this.#failure = cause;
    this.#set('closed');
    this.subscribed.end(reason, cause && { error: cause });
    this.registered?.end(reason);
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
