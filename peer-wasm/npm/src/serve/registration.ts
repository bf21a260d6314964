import type { Handler, RegisterOptions } from '../../index.js';
import { alarm, pause } from '../alarm.js';
import type { Connection } from '../connection.js';
import { Code } from '../core.js';
import type { Message } from '../decode/message.js';
import { asyncDispose } from '../dispose.js';
import { WampError } from '../errors.js';
import { sendInput } from './input.js';
import { IncomingCall } from './invocation.js';
import { Lasting } from '../lasting.js';
import { wireOptions } from '../options.js';
import { Table, type Place, type Emit } from '../table.js';

const INTERRUPT = 69;
const ALREADY_EXISTS = 'wamp.error.procedure_already_exists';
/** Pauses, in milliseconds, while the router still believes in the session that we lost. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;

/** All procedures that one client serves, and the calls that are running. */
export class Registrations extends Table<Registration> {
  /** In this part because so few calls have more to send than their arguments. */
  static readonly sendInput = sendInput;
  readonly #running = new Map<number, IncomingCall>();
  #drained: (() => void) | undefined;

  /** There may be a session already. */
  constructor(emit: Emit, connection: Connection | undefined) {
    super(emit, Code.Register, Code.Unregister, 'reregister');
    this.connection = connection;
  }

  /** `ask` runs what it is given in a session, and again in the next if that one ends meanwhile. */
  async register(procedure: string, handler: Handler, options: RegisterOptions, ask: <T>(go: () => Promise<T>) => Promise<T>): Promise<Registration> {
    let asked = 0;
    for (let delay = FIRST_PAUSE; ; delay *= 2) {
      try {
        return await ask(() => (asked++, this.#register(procedure, handler, options)));
      } catch (error) {
        // The router may still believe in the session that was lost before it answered.
        if (asked < 2 || delay > LONGEST_PAUSE || !WampError.is(error, ALREADY_EXISTS)) throw error;
      }
      await pause(delay, options.signal);
    }
  }

  #register(procedure: string, handler: Handler, { ppt, ...options }: RegisterOptions): Promise<Registration> {
    const registration = new Registration(this, procedure, handler, wireOptions(options), ppt && wireOptions({ ppt }));
    return this.hold(registration, registration, options.signal);
  }

  /** INVOCATION or INTERRUPT: whether it is for us. With `more` it is about an invocation that came before. */
  receive(message: Message, more: boolean): boolean {
    const [code, request, id, details] = message;
    const running = this.#running.get(request);
    if (running) {
      if (code === INTERRUPT) running.interrupt();
      else running.feed(message);
      return true;
    }
    const { connection } = this;
    const registration = this.byId.get(id)?.founder;
    // Without a connection nothing has an id.
    if (more || !registration || !connection) return false;
    const call = new IncomingCall(connection, message, details['procedure'] ?? registration.procedure, this, registration.ppt);
    this.#running.set(request, call);
    call.serve(registration.handler);
    return true;
  }

  ended(request: number, call: IncomingCall): void {
    // Another session may have a call with the same id.
    if (this.#running.get(request) === call) this.#running.delete(request);
    if (this.#running.size === 0) this.#drained?.();
  }

  protected override restore(place: Place<Registration>, pause = FIRST_PAUSE): void {
    const { connection } = this;
    this.ask(place, place.founder.wire, (error) => {
      if (!error || place.holders.size === 0) return;
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
