import type { Handler, RegisterOptions } from '../index.js';
import { onAbort } from './abort.js';
import { type Connection } from './connection.js';
import { Code } from './core.js';
import type { Message } from './decode/message.js';
import { disposable } from './dispose.js';
import { WampError, gone } from './errors.js';
import { IncomingCall } from './invocation.js';
import { registerOptions } from './options.js';

/** All procedures that one connection serves, and the calls that are running. */
export class Registrations {
  readonly #connection: Connection;
  readonly #handlerFailed: (error: unknown) => void;
  readonly #byId = new Map<number, Registration>();
  readonly #running = new Map<number, IncomingCall>();

  constructor(connection: Connection, handlerFailed: (error: unknown) => void) {
    this.#connection = connection;
    this.#handlerFailed = handlerFailed;
  }

  /** REGISTER. The first INVOCATION may follow in the same turn of the event loop as its answer. */
  register(procedure: string, handler: Handler, options: RegisterOptions): Promise<Registration> {
    const { signal } = options;
    const connection = this.#connection;
    return new Promise((resolve, reject) => {
      let givenUp = false;
      const release = onAbort(signal, (reason) => {
        givenUp = true;
        reject(reason);
      });
      const pending = {
        resolve: ([, , id]: Message) => {
          release();
          const registration = new Registration(this, procedure, id, handler);
          this.#byId.set(id, registration);
          if (givenUp) return void registration.unregister().catch(() => {});
          registration.release = onAbort(signal, () => void registration.unregister().catch(() => {}));
          resolve(registration);
        },
        reject: (error: unknown) => {
          release();
          reject(error);
        },
      };
      try {
        connection.subscribe(pending, Code.Register, procedure, registerOptions(options));
      } catch (error) {
        pending.reject(error);
      }
    });
  }

  /** UNREGISTER. Invocations that cross it on the way are still served. */
  async remove(id: number): Promise<void> {
    if (!this.#connection.isOpen) return void this.#byId.delete(id);
    try {
      await gone(this.#connection.ask((core, token) => core.giveUp(Code.Unregister, token, id)));
    } finally {
      this.#byId.delete(id);
    }
  }

  invoke(message: Message): void {
    const [, request, id, details] = message;
    const running = this.#running.get(request);
    if (running) return running.more(message);
    const registration = this.#byId.get(id);
    if (!registration) {
      const error = new WampError('wamp.error.no_such_registration', { message: 'no longer registered' });
      return IncomingCall.refuse(this.#connection, request, error);
    }
    const call = new IncomingCall(this.#connection, message, details['procedure'] ?? registration.procedure);
    this.#running.set(request, call);
    void call.run(registration.handler, this.#handlerFailed).then(() => this.#running.delete(request));
  }

  interrupt([, request]: Message): void {
    this.#running.get(request)?.interrupt();
  }

  /** The router took a registration away. */
  revoked(id: number, reason: string): void {
    this.#byId.get(id)?.finish(reason);
    this.#byId.delete(id);
  }

  /** The session is over. */
  end(cause: WampError): void {
    for (const registration of this.#byId.values()) registration.finish(cause.uri);
    this.#byId.clear();
    for (const call of this.#running.values()) call.abandon(cause);
    this.#running.clear();
  }
}

/** One registered procedure. */
export class Registration {
  /** Set by `disposable`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  release: (() => void) | undefined;
  readonly closed: Promise<{ readonly reason: string }>;
  readonly #table: Registrations;
  readonly #id: number;
  #active = true;
  #close!: (how: { reason: string }) => void;

  constructor(table: Registrations, readonly procedure: string, id: number, readonly handler: Handler) {
    this.#table = table;
    this.#id = id;
    this.closed = new Promise((resolve) => (this.#close = resolve));
  }

  get id(): number | undefined {
    return this.#active ? this.#id : undefined;
  }

  get active(): boolean {
    return this.#active;
  }

  async unregister(): Promise<void> {
    if (!this.#active) return;
    this.finish('wamp.close.normal');
    await this.#table.remove(this.#id);
  }

  /** Ends it here; the router knows, or cannot be told. */
  finish(reason: string): void {
    if (!this.#active) return;
    this.#active = false;
    this.release?.();
    this.#close({ reason });
  }
}

disposable(Registration.prototype, function (this: Registration) {
  return this.unregister();
});
