import { Backoff, NO_RETRY, type NextRetry, type RetryOptions } from './backoff.js';
import type { OnChallenge } from './challenge.js';
import { deferred_factory, type DeferredFactory } from './deferred.js';
import { misuse } from './error.js';
import * as log from './log.js';
import type { Serializer } from './serializer.js';
import { Session } from './session.js';
import { NO_TRANSPORT, Transport, isBuiltIn, pings, type BuiltIn, type Ending } from './transport.js';
import { transports, type TransportFactory } from './transports.js';
import { assert, handle_error } from './util.js';
import type { TransportOptions } from './websocket.js';
import type { ClientOptions } from '../../index.js';

type ErrorHandler = ((error: any, message?: string) => void) | null;

export interface ConnectionOptions extends RetryOptions, TransportOptions {
  realm: string;
  transports?: TransportOptions[];
  serializers?: Serializer[] | null;
  authmethods?: string[];
  authid?: string;
  authextra?: object;
  onchallenge?: OnChallenge;
  retry_if_unreachable?: boolean;
  use_es6_promises?: boolean;
  use_deferred?: DeferredFactory;
  on_user_error?: ErrorHandler;
  on_internal_error?: ErrorHandler;
  autoping_interval?: number;
  autoping_timeout?: number;
  autoping_size?: number;
  /** Options of the client beneath, for what AutobahnJS has no name. */
  client?: Partial<ClientOptions>;
}

/** Why a connection is closed, and whether it will be opened again. */
export interface CloseDetails extends NextRetry {
  readonly reason: string | null;
  readonly message: string | null;
  /** What the client says about it. */
  readonly cause?: unknown;
}

/** Router says that it will be back. */
const PASSING = /^wamp\.close\.(system_shutdown|close_realm)$/;

/** Sessions with a router, one after another. */
export class Connection {
  onopen: ((session: Session, details: Record<string, any>) => void) | undefined;
  onclose: ((reason: string, details: CloseDetails) => unknown) | undefined;
  readonly #options: ConnectionOptions;
  readonly #defer: DeferredFactory;
  readonly #factories: readonly (readonly [type: string, factory: TransportFactory | BuiltIn])[];
  readonly #backoff: Backoff;
  #transport: Transport | null = null;
  #session: Session | null = null;
  /** The one before, between two attempts. */
  #last: Session | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether the application still wants a connection. */
  #wanted = false;
  #retrying = false;
  /** Whether any router has ever said anything. */
  #reached = false;
  #farewell: { reason: string | null; message: string | null } = { reason: null, message: null };

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#defer = deferred_factory(options);
    this.#backoff = new Backoff(options);
    this.#factories = this.#initTransports();
  }

  get defer(): DeferredFactory {
    return this.#defer;
  }

  get session(): Session | null {
    return this.#session;
  }

  get isOpen(): boolean {
    return this.#session?.isOpen ?? false;
  }

  get isConnected(): boolean {
    return this.#transport !== null;
  }

  get isRetrying(): boolean {
    return this.#retrying;
  }

  get transport(): Transport | typeof NO_TRANSPORT {
    return this.#transport ?? NO_TRANSPORT;
  }

  // Not meant for others in AutobahnJS either, but libraries on top of it read these, and forget the session themselves.

  get _options(): ConnectionOptions {
    return this.#options;
  }

  get _transport(): Transport | null {
    return this.#transport;
  }

  get _is_retrying(): boolean {
    return this.#retrying;
  }

  get _session(): Session | null {
    return this.#session;
  }

  set _session(session: null) {
    this.#session = session;
  }

  /** Between two attempts: makes the next one now. */
  open(): void {
    if (this.#transport) throw misuse('connection already open (or opening)');
    clearTimeout(this.#timer);
    this.#backoff.reset();
    this.#retrying = false;
    this.#wanted = true;
    this.#attempt();
  }

  close(reason?: string, message?: string): void {
    if (!this.#transport && !this.#retrying) throw misuse('connection already closed');
    this.#wanted = false;
    if (this.#session?.isOpen) this.#session.leave(reason, message);
    else if (this.#transport) this.#transport.close();
    else this.#stopRetrying(reason, message);
  }

  /** Between two attempts: there is nothing to close, but somebody to be told. */
  #stopRetrying(reason = 'wamp.close.normal', message: string | null = null): void {
    clearTimeout(this.#timer);
    this.#retrying = false;
    queueMicrotask(() => {
      if (this.#transport) return;
      // As ever when a connection is closed, the application finds the last session there.
      this.#session = this.#last;
      this.#tell('closed', { reason, message, ...NO_RETRY });
      if (!this.#transport) this.#session = null;
    });
  }

  // ---- one attempt ------------------------------------------------------------------------

  #attempt(): void {
    const { realm, authmethods, authid, authextra, onchallenge, on_user_error, on_internal_error } = this.#options;
    const transport = this.#createTransport();
    if (!transport) {
      this.#wanted = this.#retrying = false;
      log.warn('could not create any WAMP transport');
      return void this.#tell('unsupported', { reason: null, message: null, ...NO_RETRY });
    }
    const session = new Session(transport, this.#defer, onchallenge, on_user_error, on_internal_error);
    session.onjoin = (details) => this.#joined(session, { ...details, transport: transport.info });
    session.onleave = (reason, details) => this.#left(transport, reason, details);
    transport.onclose = (ending) => this.#closed(ending);
    session.join(realm, authmethods, authid, authextra);
    this.#transport = transport;
    this.#session = session;
    this.#farewell = { reason: null, message: null };
  }

  #joined(session: Session, details: Record<string, any>): void {
    this.#reached = true;
    this.#retrying = false;
    this.#backoff.reset();
    try {
      this.onopen?.(session, details);
    } catch (error) {
      handle_error(this.#options.on_user_error, error, 'Exception raised from app code while firing Connection.onopen()');
    }
  }

  #left(transport: Transport, reason: string, details: Record<string, any>): void {
    this.#reached = true;
    this.#farewell = { reason, message: details['message'] || '' };
    this.#wanted &&= PASSING.test(reason);
    transport.close();
  }

  #closed({ wasClean, cause, speechless }: Ending): void {
    this.#transport = null;
    this.#reached ||= speechless ?? false;
    this.#wanted &&= this.#reached || (this.#options.retry_if_unreachable ?? true);
    const reason = !this.#reached ? 'unreachable' : wasClean ? 'closed' : 'lost';
    const next = this.#wanted ? this.#backoff.next() : NO_RETRY;
    const details = { ...this.#farewell, ...next, ...(cause && { cause }) };
    this.#retrying = next.will_retry;
    log.warn('connection closed', reason, details);
    this.#last = this.#session;
    const stop = this.#tell(reason, details);
    if (!this.#transport) this.#session = null;
    // The application may have closed the connection, or opened it again, while it was told.
    if (!this.#retrying || this.#transport) return;
    if (stop || !this.#wanted) this.#retrying = false;
    else this.#timer = setTimeout(() => this.#attempt(), next.retry_delay! * 1000);
  }

  #tell(reason: string, details: CloseDetails): unknown {
    try {
      return this.onclose?.(reason, details);
    } catch (error) {
      handle_error(this.#options.on_user_error, error, 'Exception raised from app code while firing Connection.onclose()');
    }
  }

  // ---- transports -----------------------------------------------------------------------------

  #initTransports(): [string, TransportFactory | BuiltIn][] {
    const { url, serializers, protocols, tlsConfiguration, on_internal_error } = this.#options;
    const factories: [string, TransportFactory | BuiltIn][] = [];
    for (const given of this.#options.transports ?? [{ type: 'websocket', tlsConfiguration: tlsConfiguration ?? null }]) {
      const { type } = given;
      assert(type, 'No transport.type specified');
      assert(typeof type === 'string', 'transport.type must be a string');
      const options = { ...given, url: given.url || url, serializers: given.serializers || serializers, protocols: given.protocols || protocols };
      try {
        factories.push([type, new (transports.get(type))(options as TransportOptions)]);
      } catch (error) {
        handle_error(on_internal_error, error);
      }
    }
    return factories;
  }

  /** The first that can be made; several WebSockets are one transport with several addresses. */
  #createTransport(): Transport | null {
    const settings = { ...pings(this.#options), ...this.#options.client };
    const alike: BuiltIn[] = [];
    for (const [type, factory] of this.#factories) {
      if (alike[0] && alike[0].type !== type) continue;
      try {
        const made = factory.create();
        if (isBuiltIn(factory)) alike.push(factory);
        else if (made) return Transport.raw(made, type, settings);
      } catch (error) {
        handle_error(this.#options.on_internal_error, error, `could not create WAMP transport '${type}': `);
      }
    }
    return alike.length > 0 ? Transport.builtIn(alike, settings) : null;
  }
}
