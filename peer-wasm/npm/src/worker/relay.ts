import { WampError, type Client, type EventMessage, type Payload, type Subscription } from 'wamplex';
import { parseJson } from '../decode/json.js';
import { json } from '../encode/json.js';
import { Calls } from './calls.js';
import { Echoes } from './echoes.js';
import { ANY_REALM } from './messages.js';
import { Procedures } from './procedures.js';

type Message = readonly any[];

/** Sends one WAMP message to the tab. */
export type Send = (...message: unknown[]) => void;

/** A subscription of the tab, and the one of the worker's client that stands behind it. */
interface Heard {
  subscription: Subscription | undefined;
  /** Of two for the same topic, the later one is. */
  active: boolean;
}

/** One session of one tab, played on the session that the worker has: what a router is for the tab's client. */
export class Relay {
  readonly #client: Client;
  readonly #tell: (what: { data: string } | { why: string }) => void;
  readonly #close: (reason: string) => void;
  readonly #subscriptions = new Map<number, Heard>();
  readonly #calls: Calls;
  readonly #procedures: Procedures;
  readonly #echoes: Echoes;
  #over = false;

  constructor(client: Client, tell: (what: { data: string } | { why: string }) => void, close: (reason: string) => void) {
    this.#client = client;
    this.#tell = tell;
    this.#close = close;
    const send: Send = (...message) => this.#send(message);
    this.#calls = new Calls(client, send);
    this.#procedures = new Procedures(client, send);
    this.#echoes = new Echoes(client, send);
  }

  receive(data: string): void {
    try {
      this.#receive(parseJson(data, 'auto') as Message);
    } catch (error) {
      // It is this tab's alone.
      this.end(String(error));
    }
  }

  #receive(message: Message): void {
    const [code, request] = message;
    switch (code) {
      case 1:
        return void this.#hello(message);
      case 6:
        this.#send([6, {}, 'wamp.close.goodbye_and_out']);
        return this.end('');
      case 8:
      case 70:
        return this.#procedures.answer(message);
      case 16:
        return this.#answer(16, request, message[2].acknowledge !== true, this.#echoes.publish(message));
      case 32:
        return this.#answer(32, request, false, this.#subscribe(message));
      case 34:
        return this.#answer(34, request, false, this.#unsubscribe(message));
      case 48:
        return this.#calls.call(message);
      case 49:
        return this.#calls.cancel(message);
      case 64:
        return this.#answer(64, request, false, this.#procedures.register(message));
      case 66:
        return this.#answer(66, request, false, this.#procedures.unregister(message));
      default:
        // ABORT, most of all.
        return this.end('');
    }
  }

  /** The tab is gone, or the session that all tabs share is. */
  end(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    for (const { subscription } of this.#subscriptions.values()) void subscription?.unsubscribe().catch(() => {});
    this.#subscriptions.clear();
    this.#calls.end();
    this.#procedures.end();
    this.#close(reason);
  }

  async #hello([, realm]: Message): Promise<void> {
    const waits = ({ detail }: { detail: { cause: Error } }) => this.#tell({ why: detail.cause.message });
    this.#client.addEventListener('reconnecting', waits);
    try {
      const { id, realm: ours, details } = await this.#client.ready();
      if (realm !== ANY_REALM && realm !== ours) return this.#send([3, { message: `the worker is in the realm '${ours}'` }, 'wamp.error.no_such_realm']);
      this.#send([2, id, { ...details, realm: ours }]);
    } catch (error) {
      // What a client has closed because of says whether to ask again.
      const { uri = 'wamp.error.network_failure', message } = ((error as WampError).cause ?? error) as WampError;
      this.#send([3, { message }, uri]);
    } finally {
      this.#client.removeEventListener('reconnecting', waits);
    }
  }

  async #subscribe([, request, options, topic]: Message): Promise<void> {
    const heard: Heard = { active: true, subscription: undefined };
    // Events may come in the same breath as the answer, which has to be first.
    const early: EventMessage[] = [];
    const subscription = await this.#client.subscribe(topic, (event) => {
      if (!heard.subscription) return void early.push(event);
      if (heard.active) this.#echoes.deliver(heard.subscription.id!, event);
    }, { options });
    if (this.#over) return subscription.unsubscribe();
    heard.subscription = subscription;
    const id = subscription.id!;
    // The one that the tab has for the same topic; two may have been asked for at once.
    const before = this.#subscriptions.get(id);
    this.#subscriptions.set(id, heard);
    this.#send([33, request, id]);
    // What is retained is for whoever asked; of all else, one of the two has to be silent.
    for (const event of early) if (event.retained || !before) this.#echoes.deliver(id, event);
    if (before) {
      before.active = false;
      void before.subscription!.unsubscribe().catch(() => {});
    }
    void subscription.closed.then(({ reason }) => {
      if (this.#subscriptions.get(id) === heard && this.#subscriptions.delete(id)) this.#send([35, 0, { subscription: id, reason }]);
    });
  }

  async #unsubscribe([, request, id]: Message): Promise<void> {
    const heard = this.#subscriptions.get(id);
    if (!heard) throw new WampError('wamp.error.no_such_subscription');
    this.#subscriptions.delete(id);
    await heard.subscription!.unsubscribe();
    this.#send([35, request]);
  }

  /** Sends ERROR if what a request has begun fails. */
  #answer(kind: number, request: number, silent: boolean, work: Promise<void>): void {
    work.catch((error: unknown) => silent || this.#send(errorOf(kind, request, error)));
  }

  #send(message: readonly unknown[]): void {
    if (!this.#over) this.#tell({ data: json(message) });
  }
}

/** ERROR for a request. */
export function errorOf(kind: number, request: number, error: unknown): unknown[] {
  const { uri = 'wamp.error.runtime_error', args = [String(error)], kwargs = {}, details = {} } = error instanceof WampError ? error : {};
  return [8, kind, request, details, uri, args, kwargs];
}

/** The last elements of a message. */
export function payload(args: unknown, kwargs: unknown): Required<Payload> {
  return { args: (args as unknown[] | undefined) ?? [], kwargs: (kwargs as Record<string, unknown> | undefined) ?? {} };
}
