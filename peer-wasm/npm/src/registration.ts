import type { Handler, RegisterOptions, SubscriptionState } from '../index.js';
import { onAbort } from './abort.js';
import { alarm } from './alarm.js';
import { type Connection } from './connection.js';
import { Code } from './core.js';
import type { Message } from './decode/message.js';
import { disposable } from './dispose.js';
import { ConnectionLostError, WampError, gone } from './errors.js';
import { IncomingCall, type IncomingHost } from './invocation.js';
import { passthruOptions, registerOptions } from './options.js';
import type { SubscriptionHost } from './subscription.js';

const ALREADY_EXISTS = 'wamp.error.procedure_already_exists';
/** Pauses, in milliseconds, while the router still believes in the session that we lost. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;

/** All procedures that one client serves, on whatever session it has, and the calls that are running. */
export class Registrations implements IncomingHost {
  readonly #host: SubscriptionHost;
  readonly #all = new Set<Registration>();
  readonly #byId = new Map<number, Registration>();
  readonly #running = new Map<number, IncomingCall>();
  #connection: Connection | undefined;
  #drained: (() => void) | undefined;

  constructor(host: SubscriptionHost) {
    this.#host = host;
  }

  /** REGISTER. The first INVOCATION may follow in the same turn of the event loop as its answer. */
  register(procedure: string, handler: Handler, options: RegisterOptions): Promise<Registration> {
    const { signal } = options;
    const registration = new Registration(this, procedure, handler, registerOptions(options), options.ppt && passthruOptions(options.ppt));
    return new Promise((resolve, reject) => {
      const release = onAbort(signal, (reason) => {
        registration.finish('wamp.error.canceled');
        reject(reason);
      });
      this.#ask(registration, (error) => {
        release();
        if (error !== undefined) return reject(error);
        registration.release = onAbort(signal, () => void registration.unregister().catch(() => {}));
        resolve(registration);
      });
    });
  }

  #ask(registration: Registration, done: (error?: unknown) => void): void {
    const connection = this.#connection!;
    const pending = {
      resolve: ([, , id]: Message) => {
        registration.id = id;
        this.#byId.set(id, registration);
        this.#all.add(registration);
        done();
        // Given up meanwhile.
        if (registration.state === 'closed') this.remove(registration, id).catch(() => {});
      },
      reject: done,
    };
    try {
      connection.request(Code.Register, [registration.wire, registration.procedure], pending);
    } catch (error) {
      done(error);
    }
  }

  /** UNREGISTER. Invocations that cross it on the way are still served. */
  async remove(registration: Registration, id: number | undefined): Promise<void> {
    const connection = this.#connection;
    this.#all.delete(registration);
    if (id === undefined) return;
    try {
      if (connection?.isOpen) await gone(connection.ask(Code.Unregister, [id]));
    } finally {
      if (this.#byId.get(id) === registration) this.#byId.delete(id);
    }
  }

  invoke(message: Message): void {
    const [, request, id, details] = message;
    const running = this.#running.get(request);
    if (running) return running.more(message);
    const connection = this.#connection!;
    const registration = this.#byId.get(id);
    if (!registration) {
      const error = new WampError('wamp.error.no_such_registration', { message: 'no longer registered' });
      return IncomingCall.refuse(connection, request, error);
    }
    const call = new IncomingCall(connection, message, details['procedure'] ?? registration.procedure, this, registration.ppt);
    this.#running.set(request, call);
    call.run(registration.handler);
  }

  failed(error: unknown): void {
    this.#host.failed(error, 'handler');
  }

  ended(request: number, call: IncomingCall): void {
    // Another session may have a call with the same id.
    if (this.#running.get(request) === call) this.#running.delete(request);
    if (this.#running.size === 0) this.#drained?.();
  }

  interrupt([, request]: Message): void {
    this.#running.get(request)?.interrupt();
  }

  /** The router took a registration away. */
  revoked(id: number, reason: string): void {
    const registration = this.#byId.get(id);
    if (!registration) return;
    this.#byId.delete(id);
    this.#all.delete(registration);
    registration.finish(reason);
  }

  // ---- sessions come and go -----------------------------------------------------------

  /** There is a session: registers everything again. */
  attach(connection: Connection): void {
    this.#connection = connection;
    for (const registration of this.#all) this.#restore(connection, registration, FIRST_PAUSE);
  }

  #restore(connection: Connection, registration: Registration, pause: number): void {
    if (connection !== this.#connection || registration.state === 'closed') return;
    this.#ask(registration, (error) => {
      if (error === undefined || error instanceof ConnectionLostError) return;
      if (WampError.is(error, ALREADY_EXISTS)) {
        const next = Math.min(2 * pause, LONGEST_PAUSE);
        alarm(pause * (0.5 + Math.random()), () => this.#restore(connection, registration, next));
        return;
      }
      this.#all.delete(registration);
      registration.finish((error as WampError).uri);
      this.#host.failed(error, 'reregister');
    });
  }

  /** The session is over; another one may come. */
  detach(cause: WampError): void {
    this.#connection = undefined;
    this.#byId.clear();
    for (const registration of this.#all) registration.id = undefined;
    for (const call of this.#running.values()) call.abandon(cause);
    this.#running.clear();
    this.#drained?.();
  }

  /** Unregisters everything, and waits for the calls that are running. */
  async drain(): Promise<void> {
    await Promise.all([...this.#all].map((registration) => registration.unregister()));
    while (this.#running.size > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
  }

  /** No session will come any more. */
  end(reason: string): void {
    for (const registration of this.#all) registration.finish(reason);
    this.#all.clear();
  }
}

/** One registered procedure. */
export class Registration {
  /** Set by `disposable`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  release: (() => void) | undefined;
  /** The router's, while it has one for us. */
  id: number | undefined;
  readonly closed: Promise<{ readonly reason: string }>;
  readonly #table: Registrations;
  #closed = false;
  #close!: (how: { reason: string }) => void;

  constructor(
    table: Registrations,
    readonly procedure: string,
    readonly handler: Handler,
    /** REGISTER.Options */
    readonly wire: Record<string, unknown>,
    /** YIELD.Options */
    readonly ppt: Record<string, unknown> | undefined,
  ) {
    this.#table = table;
    this.closed = new Promise((resolve) => (this.#close = resolve));
  }

  get state(): SubscriptionState {
    if (this.#closed) return 'closed';
    return this.id === undefined ? 'restoring' : 'active';
  }

  get active(): boolean {
    return this.state === 'active';
  }

  async unregister(): Promise<void> {
    if (this.#closed) return;
    const { id } = this;
    this.finish('wamp.close.normal');
    await this.#table.remove(this, id);
  }

  /** Ends it here; the router knows, or cannot be told. */
  finish(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.id = undefined;
    this.release?.();
    this.#close({ reason });
  }
}

disposable(Registration.prototype, function (this: Registration) {
  return this.unregister();
});
