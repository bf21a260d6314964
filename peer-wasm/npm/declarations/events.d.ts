import type { PassthruOptions } from './passthru.js';
import type { AbortSignalType, Disposable } from './runtime.js';
import type { Kwargs } from './values.js';

/**
 * How to treat messages that arrive faster than they are consumed. The client's event `slowconsumer` tells when one is dropped.
 * A router has buffers of its own, and settings for what becomes of a session that does not read.
 */
export interface BufferOptions {
  /** Messages to hold, at least 1. Default 1024 for events, 65 536 for progressive results. */
  readonly max?: number;
  /**
   * What to drop. `error` ends the subscription or call with `wamplex.error.slow_consumer`. Default `drop-oldest` for events, `error`
   * for progressive results.
   */
  readonly overflow?: 'drop-oldest' | 'drop-newest' | 'error';
}

/** Parameters of a URI template by their names. */
export type AnyParams = Readonly<Record<string, string>>;

/** One event ("WAMP: Publishing and Events"). */
export interface EventMessage<T = unknown, P = AnyParams, N = Kwargs> {
  /** The first positional argument; `undefined` if there is none. */
  readonly data: T;
  /** All positional arguments, `data` among them. */
  readonly args: readonly any[];
  /** Arguments by their names. */
  readonly kwargs: N;
  /** The topic it was published to; for pattern subscriptions not the pattern. */
  readonly topic: string;
  /** What stands in the topic for the parameters of the contract's URI template; none without one. */
  readonly params: P;
  /** The publication's id: the same for all subscribers. */
  readonly publication: number;
  /** Session id of the publisher, where it is disclosed ("WAMP: Publisher Identification"). */
  readonly publisher?: number;
  /** Who published, where it is disclosed. */
  readonly publisherAuthid?: string;
  /** The role of who published, where it is disclosed. */
  readonly publisherAuthrole?: string;
  /** Whether this was published before we subscribed ("WAMP: Event Retention"). */
  readonly retained: boolean;
  /** All of EVENT.Details, as received. */
  readonly details: Readonly<Record<string, any>>;
}

/**
 * How to subscribe ("WAMP: Subscribing and Unsubscribing").
 *
 * ```ts
 * await client.subscribe('com.example.room..message', ({ topic, data }) => console.log(topic, data), { match: 'wildcard' });
 * ```
 */
export interface SubscribeOptions {
  /**
   * `exact`; `prefix`: all topics that begin so; `wildcard`: empty components stand for any one. Default `exact` ("WAMP: Pattern-based
   * Subscription").
   */
  match?: 'exact' | 'prefix' | 'wildcard';
  /** Also delivers the last retained event of the topic, if there is one. Default `false` ("WAMP: Event Retention"). */
  getRetained?: boolean;
  /** Which part of the events to receive, where the router shards them ("WAMP: Sharded Subscription"). */
  nkey?: string;
  /** Sets `Subscription.ongap`. */
  ongap?: (gap: Gap) => void;
  /** Unsubscribes when aborted; before there is an answer, `subscribe` rejects with `signal.reason`. */
  signal?: AbortSignalType;
  /** For events that arrive while the handler, or the reader of the iterator, is busy. */
  buffer?: BufferOptions;
  /** SUBSCRIBE.Options as they go over the wire, for keys that have no name here. Wins over the named ones. */
  options?: Readonly<Record<string, unknown>>;
}

/** A time in which events were missed, or may have been. */
export interface Gap {
  /**
   * When the session was lost: milliseconds since 1970. Where the router has dropped events, since when they may be missing: when the
   * gap before this one ended, or `subscribe` was called.
   */
  readonly lostAt: number;
  /** When the router confirmed the subscription on the new session, or said that it has dropped events: milliseconds since 1970. */
  readonly restoredAt: number;
  /** How many events the router has dropped. Nobody knows how many a lost session has cost. */
  readonly dropped?: number;
}

/** `restoring` while the session is lost, or the router has not yet confirmed it on the new one. */
export type SubscriptionState = 'active' | 'restoring' | 'closed';

/**
 * One handler's subscription, which belongs to the client and outlives sessions. Iterating it instead of giving a handler works,
 * too; leaving the loop unsubscribes. Handlers of the same topic share one subscription of the router.
 */
export interface Subscription<T = any, P = AnyParams, N = Kwargs> extends AsyncIterable<EventMessage<T, P, N>>, Disposable {
  /** The topic or pattern subscribed to. */
  readonly topic: string;
  /** The router's id while active: another one on each session. */
  readonly id: number | undefined;
  /** How it is doing; see `SubscriptionState`. */
  readonly state: SubscriptionState;
  /** Whether `state` is `active`. */
  readonly active: boolean;
  /**
   * Called when there are events to be fetched in another way: after the subscription was restored on a new session, where events may
   * have been missed in between, and ahead of an event with which a Wamplex router says that it has dropped some before it, because
   * this session was too slow for them (`gap.dropped`). For as long as that goes on it may be called often. Not called for what a
   * full buffer of the client drops.
   *
   * ```ts
   * subscription.ongap = ({ lostAt }) => fetchWhatCameSince(lostAt);
   * ```
   */
  ongap: ((gap: Gap) => void) | null;
  /** Events lost so far to a full buffer here, or to one of the router, where that is a Wamplex router. */
  readonly dropped: number;
  /**
   * Resolves when the subscription ends, with the URI of the reason: `wamp.close.normal` after `unsubscribe`. Never rejects.
   */
  readonly closed: Promise<{ readonly reason: string }>;
  /**
   * Ends it: no event is delivered any more. Resolves when the router has confirmed, at once where other handlers share the
   * router's subscription or there is no session.
   */
  unsubscribe(): Promise<void>;
}

/** An iterator of events that subscribes on the first `next()` and unsubscribes on `return()`. */
export type EventIterator<T = any, P = AnyParams, N = Kwargs> = AsyncIterableIterator<EventMessage<T, P, N>> & Disposable;

/**
 * How to publish ("WAMP: Publishing and Events").
 *
 * ```ts
 * await client.publish('com.example.news', 'hello', { acknowledge: true, excludeMe: false, eligibleAuthrole: ['reader'] });
 * ```
 */
export interface PublishOptions {
  /** Further positional arguments after `data`. */
  args?: readonly unknown[];
  /** Arguments by their names. */
  kwargs?: Kwargs;
  /**
   * Waits until the router has confirmed; the promise then tells the publication's id, and rejects if the router refuses. Default
   * `false`: refusals are not told.
   */
  acknowledge?: boolean;
  /** `false` delivers the event to this session, too, if it has subscribed. Default `true` ("WAMP: Publisher Exclusion"). */
  excludeMe?: boolean;
  /** Asks the router to tell subscribers who publishes; it may refuse ("WAMP: Publisher Identification"). */
  discloseMe?: boolean;
  /**
   * Keeps it as the topic's last event, for those who subscribe later with `getRetained`. Default `false` ("WAMP: Event Retention").
   */
  retain?: boolean;
  /** Session ids that do not get it ("WAMP: Subscriber Black- and Whitelisting"). */
  exclude?: readonly number[];
  /** Sessions of these authids do not get it. */
  excludeAuthid?: readonly string[];
  /** Sessions in these roles do not get it. */
  excludeAuthrole?: readonly string[];
  /** Only these session ids get it, if they have subscribed. */
  eligible?: readonly number[];
  /** Only sessions of these authids get it. */
  eligibleAuthid?: readonly string[];
  /** Only sessions in these roles get it. */
  eligibleAuthrole?: readonly string[];
  /** Events with one key reach one part of the subscribers ("WAMP: Sharded Subscription"). */
  rkey?: string;
  /** The arguments are packed for the subscribers, and the router does not look into them ("WAMP: Payload Passthru Mode"). */
  ppt?: PassthruOptions;
  /** Rejects with `signal.reason` when aborted: nothing is sent if it still waits for a session, what was sent stays sent. */
  signal?: AbortSignalType;
  /** PUBLISH.Options as they go over the wire, for keys that have no name here. Wins over the named ones. */
  options?: Readonly<Record<string, unknown>>;
}

export {};
