import type { SessionInfo, TraceDetail, WebSocketLike } from '../index.js';
import { Connection, type ConnectionListener, type ConnectionOptions } from './connection.js';
import type { CoreModule } from './core.js';
import type { Message } from './decode/message.js';
import type { WampError } from './errors.js';
import { Registrations } from './registration.js';
import { Subscriptions, type SubscriptionHost } from './subscription.js';

/** What a session tells its client. */
export interface SessionHost extends SubscriptionHost {
  trace(detail: TraceDetail): void;
  /** The session is over. Answers whether that was wanted. */
  lost(session: Session, cause: WampError): boolean;
}

const UNSUBSCRIBED = 35;

/** One session: its connection, what it subscribed and what it registered. */
export class Session implements ConnectionListener {
  readonly connection: Connection;
  readonly subscriptions: Subscriptions;
  readonly registrations: Registrations;
  readonly #host: SessionHost;

  constructor(module: CoreModule, socket: WebSocketLike, options: ConnectionOptions, host: SessionHost) {
    this.#host = host;
    this.connection = new Connection(module, socket, options, this);
    this.subscriptions = new Subscriptions(this.connection, host);
    this.registrations = new Registrations(this.connection, (error) => host.handlerFailed(error));
  }

  get info(): SessionInfo {
    return this.connection.session!;
  }

  event(message: Message): void {
    this.subscriptions.deliver(message);
  }

  invocation(message: Message): void {
    this.registrations.invoke(message);
  }

  interrupt(message: Message): void {
    this.registrations.interrupt(message);
  }

  revoked([code, , details]: Message): void {
    const reason = details?.reason ?? 'wamp.close.revoked';
    if (code === UNSUBSCRIBED) this.subscriptions.revoked(details?.subscription, reason);
    else this.registrations.revoked(details?.registration, reason);
  }

  trace(detail: TraceDetail): void {
    this.#host.trace(detail);
  }

  lost(cause: WampError): void {
    const wanted = this.#host.lost(this, cause);
    this.subscriptions.end(cause, wanted);
    this.registrations.end(cause);
  }
}
