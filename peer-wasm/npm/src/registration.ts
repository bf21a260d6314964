import type { Handler, RegisterOptions } from '../index.js';
import { alarm } from './alarm.js';
import { Code } from './core.js';
import type { Message } from './decode/message.js';
import { asyncDispose } from './dispose.js';
import { WampError } from './errors.js';
import { IncomingCall, sendError } from './invocation.js';
import { Lasting } from './lasting.js';
import { wireOptions } from './options.js';
import { Table, type Place, type Emit } from './table.js';

export const ALREADY_EXISTS = 'wamp.error.procedure_already_exists';
/** Pauses, in milliseconds, while the router still believes in the session that we lost. */
export const FIRST_PAUSE = 100;
export const LONGEST_PAUSE = 10_000;

/** All procedures that one client serves, and the calls that are running. */
export class Registrations extends Table<Registration> {
  readonly #running = new Map<number, IncomingCall>();
  #drained: (() => void) | undefined;

  constructor(emit: Emit) {
    super(emit, Code.Register, Code.Unregister, 'reregister');
  }

  register(procedure: string, handler: Handler, { ppt, ...options }: RegisterOptions): Promise<Registration> {
    const registration = new Registration(this, procedure, handler, wireOptions(options), ppt && wireOptions({ ppt }));
    return this.hold(registration, registration, options.signal);
  }

  /** With `more` it is about an invocation that came before. */
  invoke(message: Message, more: boolean): void {
    const [, request, id, details] = message;
    const running = this.#running.get(request);
    if (running) return running.feed(message);
    if (more) return;
    const { connection } = this;
    const registration = this.byId.get(id)?.founder;
    // Without a connection nothing has an id.
    if (!registration || !connection) {
      const error = new WampError('wamp.error.no_such_registration', { message: 'no longer registered' });
      return sendError(connection, request, error, {});
    }
    const call = new IncomingCall(connection, message, details['procedure'] ?? registration.procedure, this, registration.ppt);
    this.#running.set(request, call);
    call.serve(registration.handler);
  }

  ended(request: number, call: IncomingCall): void {
    // Another session may have a call with the same id.
    if (this.#running.get(request) === call) this.#running.delete(request);
    if (this.#running.size === 0) this.#drained?.();
  }

  interrupt([, request]: Message): void {
    this.#running.get(request)?.interrupt();
  }

  protected override restore(place: Place<Registration>, pause = FIRST_PAUSE): void {
    const { connection } = this;
    this.ask(place, place.founder.wire, (error) => {
      if (!error) return;
      if (error.uri !== ALREADY_EXISTS) return this.lose(place, error);
      place.founder.retry = alarm(pause * (0.5 + Math.random()), () => {
        if (connection === this.connection) this.restore(place, Math.min(2 * pause, LONGEST_PAUSE));
      });
    });
  }

  override detach(cause: WampError): void {
    super.detach(cause);
    for (const call of this.#running.values()) call.abandon(cause);
    this.#running.clear();
    this.#drained?.();
  }

  override async drain(): Promise<void> {
    await super.drain();
    while (this.#running.size > 0) await new Promise<void>((resolve) => (this.#drained = resolve));
  }
}

/** One registered procedure. */
export class Registration extends Lasting {
  /** Takes the next try to register again back. */
  retry: (() => void) | undefined;

  constructor(
    table: Registrations,
    readonly procedure: string,
    readonly handler: Handler,
    wire: Record<string, unknown>,
    /** YIELD.Options */
    readonly ppt: Record<string, unknown> | undefined,
  ) {
    super(table, procedure, wire);
  }

  override finish(reason: string): void {
    super.finish(reason);
    this.retry?.();
  }

  unregister(): Promise<void> {
    return this.leave();
  }

  [asyncDispose](): Promise<void> {
    return this.leave();
  }
}
