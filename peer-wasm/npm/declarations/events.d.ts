import type { PassthruOptions } from './passthru.js';
import type { AbortSignalType, Disposable } from './runtime.js';
import type { Kwargs } from './values.js';

/** How to treat messages that arrive faster than they are consumed. */
export interface BufferOptions {
  /** Messages to hold at most. Default 1024 for events, 65 536 for progressive results. */
  readonly max?: number;
  /** Default `drop-oldest` for events, `error` for progressive results. `error` ends the subscription or call. */
  readonly overflow?: 'drop-oldest' | 'drop-newest' | 'error';
}

/** Parameters of a URI template by their names. */
export type AnyParams = Readonly<Record<string, string>>;

/** One event. */
export interface EventMessage<T = unknown, P = AnyParams> {
  /** The first positional argument. */
  readonly data: T;
  readonly args: readonly any[];
  readonly kwargs: Kwargs;
  /** The topic it was published to; for pattern subscriptions not the pattern. */
  readonly topic: string;
  /** What stands in the topic for the parameters of the contract's URI template; none without one. */
  readonly params: P;
  readonly publication: number;
  /** Session id of the publisher, where disclosed. */
  readonly publisher?: number;
  readonly publisherAuthid?: string;
  readonly publisherAuthrole?: string;
  /** Whether this was published before we subscribed. */
  readonly retained: boolean;
  /** All of EVENT.Details, as received. */
  readonly details: Readonly<Record<string, any>>;
}

export interface SubscribeOptions {
  /** How the topic is to be understood. Default `exact`. */
  match?: 'exact' | 'prefix' | 'wildcard';
  /** Also deliver the last retained event of the topic. */
  getRetained?: boolean;
  /** Sharded subscription: which part of the events to receive. */
  nkey?: string;
  /** Sets `Subscription.ongap`. */
  ongap?: (gap: Gap) => void;
  /** Unsubscribes when aborted. */
  signal?: AbortSignalType;
  buffer?: BufferOptions;
  /** SUBSCRIBE.Options as they go over the wire, for keys that have no name here. Wins over the named ones. */
  options?: Readonly<Record<string, unknown>>;
}

/** When the session was lost and when the subscription was back, in milliseconds since 1970. */
export interface Gap {
  readonly lostAt: number;
  readonly restoredAt: number;
}

/** `restoring` while the session is lost, or the router has not yet confirmed it on the new one. */
export type SubscriptionState = 'active' | 'restoring' | 'closed';

interface SubscriptionMembers<T, P> extends AsyncIterable<EventMessage<T, P>> {
  /** The topic or pattern subscribed to. */
  readonly topic: string;
  /** The router's id while active: another one on each session. */
  readonly id: number | undefined;
  readonly state: SubscriptionState;
  /** Whether `state` is `active`. */
  readonly active: boolean;
  /** Called after the subscription was restored on a new session: events may have been missed in between. */
  ongap: ((gap: Gap) => void) | null;
  /** Events lost to a full buffer so far. */
  readonly dropped: number;
  /** Resolves when the subscription ends, and tells why. Never rejects. */
  readonly closed: Promise<{ readonly reason: string }>;
  /** Ends it; resolves when the router has confirmed, at once where other handlers share the router's subscription. */
  unsubscribe(): Promise<void>;
}
/**
 * One handler's subscription. Iterating it instead of giving a handler works too;
 * leaving the loop unsubscribes.
 */
export type Subscription<T = any, P = AnyParams> = SubscriptionMembers<T, P> & Disposable;

/** An iterator of events that subscribes on the first `next()` and unsubscribes on `return()`. */
export type EventIterator<T = any, P = AnyParams> = AsyncIterableIterator<EventMessage<T, P>> & Disposable;

export interface PublishOptions {
  /** Further positional arguments after `data`. */
  args?: readonly unknown[];
  kwargs?: Kwargs;
  /** Wait until the router has confirmed; the promise then tells the publication's id. */
  acknowledge?: boolean;
  /** `false`: deliver to ourselves too, if subscribed. Default `true`. */
  excludeMe?: boolean;
  discloseMe?: boolean;
  /** Keep it as the topic's retained event. */
  retain?: boolean;
  exclude?: readonly number[];
  excludeAuthid?: readonly string[];
  excludeAuthrole?: readonly string[];
  eligible?: readonly number[];
  eligibleAuthid?: readonly string[];
  eligibleAuthrole?: readonly string[];
  /** Sharded subscription: events with one key reach one part of the subscribers. */
  rkey?: string;
  /** Payload passthru: the router does not look into the payload. */
  ppt?: PassthruOptions;
  /** Stops waiting for the confirmation; what was sent stays sent. */
  signal?: AbortSignalType;
  /** PUBLISH.Options as they go over the wire, for keys that have no name here. Wins over the named ones. */
  options?: Readonly<Record<string, unknown>>;
}

export {};
