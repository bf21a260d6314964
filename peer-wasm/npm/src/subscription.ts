import type { EventMessage, Gap, SubscribeOptions } from '../index.js';
import { listOf } from './connection.js';
import { Code } from './core.js';
import type { Message } from './decode/message.js';
import { asyncDispose } from './dispose.js';
import { toError } from './errors.js';
import { eventOf } from './event.js';
import { Lasting } from './lasting.js';
import { Mailbox } from './mailbox.js';
import { wireOptions } from './options.js';
import { Table, type Place, type Emit } from './table.js';

type Handler = (event: EventMessage) => unknown;

/** All subscriptions of one client. Those of the same topic and match policy share one of the router. */
export class Subscriptions extends Table<Subscription> {
  #lostAt = 0;

  constructor(emit: Emit) {
    super(emit, Code.Subscribe, Code.Unsubscribe, 'resubscribe');
  }

  subscribe(topic: string, handler: Handler | undefined, options: SubscribeOptions): Promise<Subscription> {
    const wire = wireOptions(options);
    const local = new Subscription(this, topic, wire, handler, options);
    return this.hold(JSON.stringify([wire['match'] ?? 'exact', topic]), local, options.signal);
  }

  deliver([, id, publication, details, args, kwargs]: Message): void {
    const place = this.byId.get(id);
    if (!place) return;
    // Of Wamplex: how many events are missing ahead of this one, because this session is too slow for them.
    const dropped = details['_wamplex_dropped'];
    if (dropped > 0 && Number.isSafeInteger(dropped)) for (const local of place.holders) local.missed(this.emit, dropped);
    const event = eventOf(place.founder.uri, publication, details, listOf(args), kwargs ?? {});
    for (const local of place.holders) local.deliver(event);
  }

  protected override restore(place: Place<Subscription>): void {
    const retained = [...place.holders].some((local) => local.wantsRetained);
    this.ask(place, { ...place.founder.wire, ...(retained && { get_retained: true }) }, (error) => {
      if (error) return this.lose(place, error);
      for (const local of place.holders) local.missed(this.emit, undefined, this.#lostAt);
    });
  }

  override detach(): void {
    this.#lostAt = Date.now();
    super.detach();
  }
}

/** One handler's (or iterator's) subscription. */
export class Subscription extends Lasting implements AsyncIterable<EventMessage> {
  readonly #mail: Mailbox<EventMessage>;
  readonly wantsRetained: boolean;
  ongap: ((gap: Gap) => void) | null;
  readonly #handler: Handler | undefined;
  /** When the last gap ended: until then the application knows everything, or has been told what it does not. */
  #complete = Date.now();

  constructor(
    table: Subscriptions, readonly topic: string, wire: Record<string, unknown>, handler: Handler | undefined, options: SubscribeOptions,
  ) {
    super(table, topic, wire);
    const { emit } = table;
    this.#handler = handler;
    this.wantsRetained = wire['get_retained'] === true;
    this.ongap = options.ongap ?? null;
    this.#mail = new Mailbox((error) => this.fail(error.uri, error), emit, topic, options.buffer, 1024, 'drop-oldest');
    if (handler) this.#mail.consume((event) => call(handler, event, emit));
  }

  get dropped(): number {
    return this.#mail.dropped;
  }

  /** Events are missing, so many if that is known, since some time. */
  missed(emit: Emit, dropped?: number, lostAt = this.#complete): void {
    const restoredAt = (this.#complete = Date.now());
    if (dropped) this.#mail.missed(dropped);
    void call((gap: Gap) => this.ongap?.(gap), { lostAt, restoredAt, dropped }, emit);
  }

  deliver(event: EventMessage): void {
    // Another local subscription asked for the retained event, and this one had it or did not want it.
    if (event.retained && !this.wantsRetained) return;
    this.#mail.push(event);
  }

  async unsubscribe(): Promise<void> {
    this.#mail.clear();
    await this.leave();
  }

  override async drain(): Promise<void> {
    await this.leave();
    await this.#mail.idle();
  }

  override abort(reason: unknown): void {
    this.#mail.clear();
    super.abort(reason);
  }

  override finish(reason: string, failure?: { error: unknown }): void {
    super.finish(reason);
    this.#mail.end(failure);
  }

  [Symbol.asyncIterator](): AsyncIterator<EventMessage, undefined> {
    if (this.#handler) throw new TypeError('the events of this subscription go to its handler');
    return this.#mail.iterate(() => this.unsubscribe());
  }

  [asyncDispose](): Promise<void> {
    return this.unsubscribe();
  }
}

/** Runs a handler; what it throws goes to the client's `error` event. */
function call<T>(handler: (given: T) => unknown, given: T, emit: Emit): Promise<void> | undefined {
  const failed = (error: unknown) => emit('error', { error: toError(error), where: 'handler' });
  try {
    const returned = handler(given) as PromiseLike<unknown> | undefined;
    if (typeof returned?.then === 'function') return Promise.resolve(returned).then(() => {}, failed);
  } catch (error) {
    failed(error);
  }
  return undefined;
}
