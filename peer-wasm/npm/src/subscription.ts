import type { EventMessage, Gap, SubscribeOptions, SubscriptionState } from '../index.js';
import { onAbort } from './abort.js';
import { listOf, type Connection } from './connection.js';
import { Code } from './core.js';
import type { Message } from './decode/message.js';
import { disposable } from './dispose.js';
import { ConnectionLostError, gone, toError, type WampError } from './errors.js';
import { eventOf } from './event.js';
import { Mailbox } from './mailbox.js';
import { subscribeOptions } from './options.js';

type Handler = (event: EventMessage) => unknown;

/** What subscriptions and registrations tell their client. */
export interface SubscriptionHost {
  failed(error: unknown, where: 'handler' | 'resubscribe' | 'reregister'): void;
  slow(topic: string, buffered: number, dropped: number): void;
}

/** One subscription of the router, shared by all local ones of the same topic and match policy. */
interface Shared {
  readonly key: string;
  readonly topic: string;
  /** SUBSCRIBE.Options of whoever was first. */
  readonly wire: Record<string, unknown>;
  id: number | undefined;
  /** SUBSCRIBE messages that are not answered yet: they keep the router's subscription alive too. */
  asking: number;
  readonly locals: Set<Subscription>;
}

/** All subscriptions of one client, on whatever session it has. */
export class Subscriptions {
  readonly #host: SubscriptionHost;
  readonly #byKey = new Map<string, Shared>();
  readonly #byId = new Map<number, Shared>();
  #connection: Connection | undefined;
  #lostAt = 0;

  constructor(host: SubscriptionHost) {
    this.#host = host;
  }

  subscribe(topic: string, handler: Handler | undefined, options: SubscribeOptions): Promise<Subscription> {
    const wire = subscribeOptions(options);
    const key = JSON.stringify([wire['match'] ?? 'exact', topic]);
    const shared = this.#byKey.get(key) ?? { key, topic, wire, id: undefined, asking: 0, locals: new Set() };
    this.#byKey.set(key, shared);
    const local = new Subscription(this, shared, handler, options, this.#host);
    // Other options than the match policy mean something to the broker each time.
    const known = shared.id !== undefined && Object.keys(wire).every((name) => name === 'match');
    return new Promise((resolve, reject) => {
      const join = () => {
        shared.locals.add(local);
        local.release = onAbort(options.signal, (reason) => local.abort(reason));
        resolve(local);
      };
      if (known) return join();
      let givenUp = false;
      const release = onAbort(options.signal, (reason) => {
        givenUp = true;
        reject(reason);
      });
      this.#ask(shared, wire, (error) => {
        release();
        if (error !== undefined) reject(error);
        else if (!givenUp) join();
      });
    });
  }

  /**
   * SUBSCRIBE; the broker answers with the id that it gave before, if the session is subscribed already. Everything is
   * done before the answer's handling returns: the first EVENT may follow in the same turn of the event loop.
   */
  #ask(shared: Shared, wire: Record<string, unknown>, done: (error?: unknown) => void): void {
    const connection = this.#connection!;
    const answered = (error?: unknown) => {
      shared.asking--;
      done(error);
      // Nobody may want it any more.
      this.#leaveIfUnused(shared).catch(() => {});
    };
    const pending = {
      resolve: ([, , id]: Message) => {
        shared.id = id;
        this.#byId.set(id, shared);
        this.#byKey.set(shared.key, shared);
        answered();
      },
      reject: answered,
    };
    shared.asking++;
    try {
      connection.request(Code.Subscribe, [wire, shared.topic], pending);
    } catch (error) {
      answered(error);
    }
  }

  /** Takes one local subscription away, and the router's if it was the last. */
  remove(local: Subscription, shared: Shared): Promise<void> {
    shared.locals.delete(local);
    return this.#leaveIfUnused(shared);
  }

  async #leaveIfUnused(shared: Shared): Promise<void> {
    const { id } = shared;
    const connection = this.#connection;
    if (!this.#forgetIfUnused(shared) || id === undefined || !connection?.isOpen) return;
    await gone(connection.ask(Code.Unsubscribe, [id]));
  }

  /** Events that are still on their way for what is forgotten here are ignored. */
  #forgetIfUnused(shared: Shared): boolean {
    if (shared.locals.size > 0 || shared.asking > 0) return false;
    if (this.#byKey.get(shared.key) === shared) this.#byKey.delete(shared.key);
    if (shared.id !== undefined && this.#byId.get(shared.id) === shared) this.#byId.delete(shared.id);
    return true;
  }

  deliver([, id, publication, details, args, kwargs]: Message): void {
    const shared = this.#byId.get(id);
    if (!shared) return;
    const event = eventOf(shared.topic, publication, details, listOf(args), kwargs ?? {});
    for (const local of shared.locals) local.deliver(event);
  }

  /** The router took a subscription away. */
  revoked(id: number, reason: string): void {
    const shared = this.#byId.get(id);
    if (!shared) return;
    this.#byId.delete(id);
    this.#byKey.delete(shared.key);
    for (const local of [...shared.locals]) local.finish(reason);
    shared.locals.clear();
  }

  // ---- sessions come and go -----------------------------------------------------------

  /** There is a session: subscribes to everything again. */
  attach(connection: Connection): void {
    this.#connection = connection;
    for (const shared of this.#byKey.values()) this.#restore(shared);
  }

  #restore(shared: Shared): void {
    const retained = [...shared.locals].some((local) => local.wantsRetained);
    this.#ask(shared, { ...shared.wire, ...(retained && { get_retained: true }) }, (error) => {
      if (error === undefined) {
        const gap = { lostAt: this.#lostAt, restoredAt: Date.now() };
        for (const local of shared.locals) local.gap(gap);
      } else if (!(error instanceof ConnectionLostError)) {
        const { uri } = error as WampError;
        this.#host.failed(error, 'resubscribe');
        for (const local of [...shared.locals]) local.finish(uri, { error });
        shared.locals.clear();
      }
    });
  }

  /** The session is over; another one may come. */
  detach(): void {
    this.#connection = undefined;
    this.#lostAt = Date.now();
    this.#byId.clear();
    for (const shared of this.#byKey.values()) shared.id = undefined;
  }

  /** Unsubscribes from everything, and waits until the handlers have seen all there was. */
  async drain(): Promise<void> {
    const locals = [...this.#byKey.values()].flatMap((shared) => [...shared.locals]);
    await Promise.all(locals.map((local) => local.drain()));
  }

  /** No session will come any more. */
  end(reason: string, failure?: { error: unknown }): void {
    for (const shared of this.#byKey.values()) {
      for (const local of shared.locals) local.finish(reason, failure);
    }
    this.#byKey.clear();
    this.#byId.clear();
  }
}

/** One handler's (or iterator's) subscription. */
export class Subscription implements AsyncIterable<EventMessage> {
  /** Set by `disposable`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  release: (() => void) | undefined;
  readonly closed: Promise<{ readonly reason: string }>;
  readonly #table: Subscriptions;
  readonly #shared: Shared;
  readonly #mail: Mailbox<EventMessage>;
  readonly wantsRetained: boolean;
  ongap: ((gap: Gap) => void) | null;
  readonly #host: SubscriptionHost;
  readonly #handler: Handler | undefined;
  #active = true;
  #close!: (how: { reason: string }) => void;

  constructor(table: Subscriptions, shared: Shared, handler: Handler | undefined, options: SubscribeOptions, host: SubscriptionHost) {
    this.#table = table;
    this.#shared = shared;
    this.#handler = handler;
    this.wantsRetained = options.getRetained ?? options.options?.['get_retained'] === true;
    this.ongap = options.ongap ?? null;
    this.#host = host;
    this.closed = new Promise((resolve) => (this.#close = resolve));
    this.#mail = new Mailbox<EventMessage>({
      max: options.buffer?.max ?? 1024,
      overflow: options.buffer?.overflow ?? 'drop-oldest',
      onSlow: (buffered, dropped) => host.slow(shared.topic, buffered, dropped),
      onOverflow: (error) => void this.#leave(error.uri, { error }).catch(() => {}),
    });
    if (handler) this.#mail.consume((event) => call(handler, event, host));
  }

  get topic(): string {
    return this.#shared.topic;
  }

  get id(): number | undefined {
    return this.#active ? this.#shared.id : undefined;
  }

  get state(): SubscriptionState {
    if (!this.#active) return 'closed';
    return this.#shared.id === undefined ? 'restoring' : 'active';
  }

  get active(): boolean {
    return this.state === 'active';
  }

  get dropped(): number {
    return this.#mail.dropped;
  }

  deliver(event: EventMessage): void {
    // Another local subscription asked for the retained event, and this one had it or did not want it.
    if (event.retained && !this.wantsRetained) return;
    this.#mail.push(event);
  }

  /** The session was another one for a while. */
  gap(gap: Gap): void {
    try {
      this.ongap?.(gap);
    } catch (error) {
      this.#host.failed(toError(error), 'handler');
    }
  }

  async unsubscribe(): Promise<void> {
    this.#mail.clear();
    await this.#leave('wamp.close.normal');
  }

  /** Unsubscribes; resolves when the handler has seen what arrived until then. */
  async drain(): Promise<void> {
    await this.#leave('wamp.close.normal');
    await this.#mail.idle();
  }

  /** The signal was aborted. */
  abort(reason: unknown): void {
    this.#mail.clear();
    // What UNSUBSCRIBE leads to is of no interest to anybody.
    this.#leave('wamp.error.canceled', { error: reason }).catch(() => {});
  }

  /** Ends it here; the router knows, or cannot be told. */
  finish(reason: string, failure?: { error: unknown }): void {
    if (!this.#active) return;
    this.#active = false;
    this.release?.();
    this.#mail.end(failure);
    this.#close({ reason });
  }

  async #leave(reason: string, failure?: { error: unknown }): Promise<void> {
    if (!this.#active) return;
    this.finish(reason, failure);
    await this.#table.remove(this, this.#shared);
  }

  [Symbol.asyncIterator](): AsyncIterator<EventMessage, undefined> {
    if (this.#handler) throw new TypeError('the events of this subscription go to its handler');
    return {
      next: () => this.#mail.next(),
      return: async () => {
        await this.unsubscribe();
        return { done: true, value: undefined };
      },
    };
  }
}

disposable(Subscription.prototype, function (this: Subscription) {
  return this.unsubscribe();
});

/** Runs a handler; what it throws goes to the client's `error` event. */
function call(handler: Handler, event: EventMessage, host: SubscriptionHost): Promise<void> | undefined {
  try {
    const returned = handler(event) as PromiseLike<unknown> | undefined;
    if (typeof returned?.then !== 'function') return undefined;
    return Promise.resolve(returned).then(
      () => {},
      (error) => host.failed(toError(error), 'handler'),
    );
  } catch (error) {
    host.failed(toError(error), 'handler');
    return undefined;
  }
}
