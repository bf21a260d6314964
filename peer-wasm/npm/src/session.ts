import type { SessionInfo, TraceDetail, WebSocketLike } from '../index.js';
import { Connection, type ConnectionListener, type ConnectionOptions } from './connection.js';
import type { CoreModule } from './core.js';
import type { Message } from './decode/message.js';
import type { WampError } from './errors.js';
import type { Registrations } from './registration.js';
import type { Subscriptions } from './subscription.js';
import type { TableHost } from './table.js';

/** What a session tells its client. */
export interface SessionHost extends TableHost {
  trace(detail: TraceDetail): void;
}

/** Whom the messages of a session are for. */
export interface SessionTables extends SessionHost {
  readonly subscriptions: Subscriptions;
  readonly registrations: Registrations;
  /** The session is over. */
  lost(session: Session, cause: WampError): void;
}

const UNSUBSCRIBED = 35;

/** One session: its connection, and whom its messages are for. */
export class Session implements ConnectionListener {
  readonly connection: Connection;
  readonly #host: SessionTables;

  constructor(module: CoreModule, socket: WebSocketLike, options: ConnectionOptions, host: SessionTables) {
    this.#host = host;
    this.connection = new Connection(module, socket, options, this);
  }

  get info(): SessionInfo {
    return this.connection.session!;
  }

  event(message: Message): void {
    this.#host.subscriptions.deliver(message);
  }

  invocation(message: Message, more: boolean): void {
    this.#host.registrations.invoke(message, more);
  }

  interrupt(message: Message): void {
    this.#host.registrations.interrupt(message);
  }

  revoked([code, , details]: Message): void {
    const reason = details?.reason ?? 'wamp.close.revoked';
    if (code === UNSUBSCRIBED) this.#host.subscriptions.revoked(details?.subscription, reason);
    else this.#host.registrations.revoked(details?.registration, reason);
  }

  trace(detail: TraceDetail): void {
    this.#host.trace(detail);
  }

  lost(cause: WampError): void {
    this.#host.lost(this, cause);
  }
}
