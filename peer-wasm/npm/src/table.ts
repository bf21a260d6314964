import type { ClientEventMap } from '../index.js';
import { onAbort } from './abort.js';
import type { Connection } from './connection.js';
import type { Code } from './core.js';
import type { Message } from './decode/message.js';
import { ConnectionLostError, gone, type WampError } from './errors.js';
import type { Lasting } from './lasting.js';

/** Tells listeners of the client. */
export type Emit = <K extends keyof ClientEventMap>(type: K, detail: ClientEventMap[K]['detail']) => void;

/** One subscription or registration of the router, with all that share it here. */
export interface Place<T> {
  readonly key: unknown;
  /** In whose words the router was asked. */
  readonly founder: T;
  readonly holders: Set<T>;
  /** The router's, while it has one for us. */
  id: number | undefined;
  /** Questions that are not answered yet: they keep what the router has alive, too. */
  asking: number;
}

/** All subscriptions, or all registrations, of one client on whatever session it has. */
export abstract class Table<T extends Lasting> {
  protected connection: Connection | undefined;
  protected readonly places = new Map<unknown, Place<T>>();
  protected readonly byId = new Map<number, Place<T>>();

  constructor(
    readonly emit: Emit,
    readonly come: Code.Subscribe | Code.Register,
    readonly go: Code.Unsubscribe | Code.Unregister,
    readonly again: 'resubscribe' | 'reregister',
  ) {}

  /** Asks the router; those with the same key share what it has. */
  protected hold(key: unknown, local: T, signal: AbortSignal | undefined): Promise<T> {
    const place = this.places.get(key) ?? { key, founder: local, holders: new Set(), id: undefined, asking: 0 };
    this.places.set(key, place);
    local.place = place;
    return new Promise((resolve, reject) => {
      local.release = onAbort(signal, (reason) => {
        local.abort(reason);
        reject(reason);
      });
      const answered = (error?: WampError) => {
        if (error) {
          local.finish(error.uri);
          reject(error);
        } else if (local.state !== 'closed') {
          place.holders.add(local);
          resolve(local);
        }
      };
      // Other options than the match policy mean something to the broker each time.
      if (place.id !== undefined && Object.keys(local.wire).every((name) => name === 'match')) answered();
      else this.ask(place, local.wire, answered);
    });
  }

  /**
   * SUBSCRIBE or REGISTER; who is subscribed already gets the id from before. Everything is done before the answer's
   * handling returns: the first EVENT or INVOCATION may follow in the same turn of the event loop.
   */
  protected ask(place: Place<T>, wire: Record<string, unknown>, done: (error?: WampError) => void): void {
    const answered = (error?: any) => {
      place.asking--;
      done(error);
      // Nobody may want it any more.
      this.#leaveIfUnused(place).catch(() => {});
    };
    const resolve = ([, , id]: Message) => {
      place.id = id;
      this.byId.set(id, place);
      this.places.set(place.key, place);
      answered();
    };
    place.asking++;
    try {
      this.connection!.request(this.come, [wire, place.founder.uri], { resolve, reject: answered });
    } catch (error) {
      answered(error);
    }
  }

  /** Takes one holder away, and what the router has if it was the last. */
  remove(local: T): Promise<void> {
    local.place.holders.delete(local);
    return this.#leaveIfUnused(local.place);
  }

  /** UNSUBSCRIBE or UNREGISTER. Invocations that cross it on the way are still served. */
  async #leaveIfUnused(place: Place<T>): Promise<void> {
    const { key, id, holders, asking } = place;
    if (holders.size > 0 || asking > 0) return;
    if (this.places.get(key) === place) this.places.delete(key);
    if (id === undefined) return;
    try {
      if (this.connection?.isOpen) await gone(this.connection.ask(this.go, [id]));
    } finally {
      if (this.byId.get(id) === place) this.byId.delete(id);
    }
  }

  /** The router took it away. */
  revoked(id: number, reason: string): void {
    const place = this.byId.get(id);
    if (!place) return;
    this.byId.delete(id);
    place.id = undefined;
    this.#finish(place, reason);
    void this.#leaveIfUnused(place);
  }

  #finish({ holders }: Place<T>, reason: string, failure?: { error: unknown }): void {
    for (const local of holders) local.finish(reason, failure);
    holders.clear();
  }

  // ---- sessions come and go -----------------------------------------------------------

  /** There is a session: asks for everything again. */
  attach(connection: Connection): void {
    this.connection = connection;
    for (const place of this.places.values()) this.restore(place);
  }

  protected abstract restore(place: Place<T>): void;

  /** It could not be restored, and a new session would not help. */
  protected lose(place: Place<T>, error: WampError): void {
    if (error instanceof ConnectionLostError || place.holders.size === 0) return;
    this.emit('error', { error, where: this.again });
    this.#finish(place, error.uri, { error });
  }

  /** The session is over; another one may come. */
  detach(_cause?: WampError): void {
    this.connection = undefined;
    this.byId.clear();
    for (const place of this.places.values()) place.id = undefined;
  }

  /** Ends everything at the router, and waits until what arrived until then has been seen to. */
  async drain(): Promise<void> {
    await Promise.all([...this.places.values()].flatMap(({ holders }) => [...holders].map((local) => local.drain())));
  }

  /** No session will come any more. */
  end(reason: string, failure?: { error: unknown }): void {
    for (const place of this.places.values()) this.#finish(place, reason, failure);
    this.places.clear();
    this.byId.clear();
  }
}
