import type { ClientEventMap, ClientOptions, EndpointInput, SessionInfo, State } from '../index.js';
import { limited, onAbort } from './abort.js';
import { alarm } from './alarm.js';
import { ConnectionLostError, NETWORK_FAILURE, TimeoutError, WampError, networkFailure, toError } from './errors.js';
import { Gate } from './gate.js';
import { Heartbeat } from './heartbeat.js';
import { Opener } from './opener.js';
import { Backoff } from './reconnect.js';
import { Registrations } from './registration.js';
import type { Session, SessionHost } from './session.js';
import { Subscriptions } from './subscription.js';
import { onWakeup } from './wakeups.js';

/** A session that lived as long was no accident: the next try after it comes soon. */
const LASTED = 5000;
const DRAIN_LIMIT = 30_000;

/** Tells listeners of the client. */
export type Emit = <K extends keyof ClientEventMap>(type: K, detail: ClientEventMap[K]['detail']) => boolean;

interface Opening {
  readonly promise: Promise<SessionInfo>;
  resolve(info: SessionInfo): void;
  reject(error: unknown): void;
}

/** Keeps a session open: connects, notices when it is lost, and connects again. */
export class Link {
  state: State = 'idle';
  readonly subscriptions: Subscriptions;
  readonly registrations: Registrations;
  readonly #options: ClientOptions;
  readonly #emit: Emit;
  readonly #opener: Opener;
  readonly #backoff: Backoff;
  readonly #gate: Gate;
  #session: Session | undefined;
  #heartbeat: Heartbeat | undefined;
  #joined = false;
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

  constructor(endpoint: EndpointInput, options: ClientOptions, host: SessionHost, emit: Emit, readonly tracing: () => boolean) {
    this.#options = options;
    this.#emit = emit;
    this.subscriptions = new Subscriptions(host);
    this.registrations = new Registrations(host);
    const lost = (session: Session, cause: WampError) => this.#lost(session, cause);
    this.#opener = new Opener(endpoint, options, { ...host, subscriptions: this.subscriptions, registrations: this.registrations, lost });
    this.#backoff = new Backoff(options.reconnect || {});
    this.#gate = new Gate(options.whenDisconnected?.queueLimit);
  }

  /** The open session. */
  get live(): Session | undefined {
    return this.#session?.connection.isOpen ? this.#session : undefined;
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
    const { live } = this;
    if (live) return live.info;
    this.#hurry?.();
    if (!this.#opening) {
      this.#begin();
      void this.#run();
    }
    try {
      return await limited(this.#opening!.promise, undefined, milliseconds);
    } catch (error) {
      throw (error instanceof TimeoutError && this.#failure) || error;
    }
  }

  /** Runs `go` with the open session: now, or when there is one. */
  enter<T>(signal: AbortSignal | undefined, milliseconds: number, go: (session: Session) => T | Promise<T>): T | Promise<T> {
    signal?.throwIfAborted();
    const { live } = this;
    if (live) return go(live);
    if (this.isOver) throw this.closedError();
    const waiting = this.#gate.wait(signal, milliseconds, go);
    // Whoever waits learns how it ended from the gate.
    this.connect().catch(() => {});
    return waiting;
  }

  closedError(): ConnectionLostError {
    return networkFailure('the client is closed');
  }

  #begin(): void {
    let settle!: Omit<Opening, 'promise'>;
    const promise = new Promise<SessionInfo>((resolve, reject) => (settle = { resolve, reject }));
    promise.catch(() => {});
    this.#opening = { promise, ...settle };
    this.#giveUp = new AbortController();
  }

  /** Tries until there is a session, first after a pause if the last one ended because of `cause`. */
  async #run(cause?: WampError): Promise<void> {
    const { signal } = this.#giveUp!;
    try {
      if (!cause) {
        this.#options.signal?.throwIfAborted();
        this.#set('connecting');
        signal.throwIfAborted();
      }
      this.#stopListening ??= onWakeup((event) => this.#wake(event));
      for (;;) {
        if (cause) await this.#pause(cause, signal);
        const opened = await this.#opener.open(signal, this.tracing).catch(toError);
        signal.throwIfAborted();
        if (!(opened instanceof Error)) return this.#opened(opened);
        this.#failure = cause = asWampError(opened);
        if (this.#options.reconnect === false || this.#backoff.isFinal(opened, this.#joined)) throw opened;
        if (this.state === 'connecting') this.#set('reconnecting');
      }
    } catch (error) {
      this.#finish(signal.aborted ? undefined : error, error);
    }
  }

  async #pause(cause: WampError, signal: AbortSignal): Promise<void> {
    const delay = await this.#backoff.next(cause, this.#joined);
    signal.throwIfAborted();
    if (delay === undefined) throw cause;
    this.#emit('reconnecting', { attempt: this.#backoff.attempts, delay, cause });
    let cancel!: () => void;
    let release!: () => void;
    await new Promise<void>((resolve) => {
      this.#hurry = resolve;
      cancel = alarm(delay, resolve);
      release = onAbort(signal, () => resolve());
    });
    this.#hurry = undefined;
    cancel();
    release();
    signal.throwIfAborted();
  }

  #opened(session: Session): void {
    const { heartbeat } = this.#options;
    const { info, connection } = session;
    const opening = this.#opening!;
    this.#session = session;
    this.#opening = this.#failure = undefined;
    this.#joined = true;
    this.#openedAt = Date.now();
    if (heartbeat !== false) this.#heartbeat = new Heartbeat(connection, heartbeat ?? {});
    // What was there before comes first: what waits may build on it.
    this.subscriptions.attach(connection);
    this.registrations.attach(connection);
    this.#gate.open(session);
    opening.resolve(info);
    this.#set('open');
    this.#emit('open', info);
  }

  /** The network or the page has come back, or may have gone. */
  #wake({ type }: Event): void {
    if (type !== 'offline') this.#hurry?.();
    if (this.live) this.#heartbeat?.ask();
  }

  // ---- ending ---------------------------------------------------------------------------

  close(reason: string, message: string, drain: boolean | number): Promise<void> {
    this.#closing ??= this.#close(reason, message, drain).finally(() => (this.#closing = undefined));
    return this.#closing;
  }

  /** Gives everything up because the application's signal was aborted. */
  abort(reason: unknown): void {
    this.#giveUp?.abort(reason);
  }

  async #close(reason: string, message: string, drain: boolean | number): Promise<void> {
    const session = this.#session;
    if (session && drain !== false) await this.#drain(session, drain === true ? DRAIN_LIMIT : drain);
    this.#heartbeat?.stop();
    if (this.#session) return this.#session.connection.leave(reason, message);
    if (this.#opening) {
      this.#giveUp!.abort(this.closedError());
      await this.#opening.promise.catch(() => {});
    }
    this.#finish(undefined, this.closedError());
  }

  /** Takes nothing new, and finishes what has begun. */
  async #drain({ connection }: Session, milliseconds: number): Promise<void> {
    this.#draining = true;
    const drained = Promise.all([this.registrations.drain(), this.subscriptions.drain()]).then(() => connection.idle());
    await limited(drained, undefined, milliseconds).catch(() => {});
    this.#draining = false;
  }

  #lost(session: Session, cause: WampError): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#heartbeat?.stop();
    this.subscriptions.detach();
    this.registrations.detach(cause);
    if (this.#closing) return this.#finish(undefined, this.closedError(), cause.uri);
    if (Date.now() - this.#openedAt > LASTED) this.#backoff.attempts = 0;
    // Listeners may ask for things already, which wait, or close the client.
    this.#begin();
    this.#emit('sessionlost', { cause });
    const final = this.#options.reconnect === false || this.#backoff.isFinal(cause, true);
    if (!final && !this.#closing) this.#set('reconnecting');
    if (this.#closing) this.#finish(undefined, this.closedError(), cause.uri);
    else if (final) this.#finish(cause, cause);
    else void this.#run(cause);
  }

  /** `cause` is missing if that was wanted; `failure` is for those who wait. */
  #finish(cause: unknown, failure: unknown, reason?: string): void {
    const opening = this.#opening;
    this.#opening = undefined;
    opening?.reject(failure);
    if (this.state === 'closed') return;
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#joined = false;
    this.#backoff.attempts = 0;
    const why = cause === undefined ? undefined : asWampError(cause);
    this.#set('closed');
    this.subscriptions.end(reason ?? why?.uri ?? 'wamp.close.normal', why && { error: why });
    this.registrations.end(reason ?? why?.uri ?? 'wamp.close.normal');
    this.#gate.fail(lost(failure));
    this.#emit('close', why ? { cause: why } : {});
  }

  #set(state: State): void {
    const previous = this.state;
    if (previous === state) return;
    this.state = state;
    this.#emit('statechange', { state, previous });
  }
}

function asWampError(error: unknown): WampError {
  return error instanceof WampError ? error : lost(error);
}

/** What a request that never left is rejected with. */
function lost(error: unknown): ConnectionLostError {
  if (error instanceof ConnectionLostError) return error;
  const { uri = NETWORK_FAILURE, details = {}, message } = error instanceof WampError ? error : { message: toError(error).message };
  return new ConnectionLostError(uri, { message, details, cause: error });
}
