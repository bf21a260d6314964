import type { EventMessage, PublishOptions, Subscription } from './events.js';

/** What the router tells about a session. */
export interface SessionDetails {
  readonly session: number;
  readonly authid: string;
  readonly authrole: string;
  readonly authmethod?: string;
  readonly authprovider?: string;
  readonly transport?: any;
  readonly [more: string]: any;
}
/** What the router tells about a registration. */
export interface RegistrationDetails {
  readonly id: number;
  /** RFC 3339. */
  readonly created: string;
  readonly uri: string;
  readonly match: 'exact' | 'prefix' | 'wildcard';
  readonly invoke: 'single' | 'roundrobin' | 'random' | 'first' | 'last';
  readonly [more: string]: any;
}
/** What the router tells about a subscription. */
export interface SubscriptionDetails {
  readonly id: number;
  /** RFC 3339. */
  readonly created: string;
  readonly uri: string;
  readonly match: 'exact' | 'prefix' | 'wildcard';
  readonly [more: string]: any;
}
/** Ids by match policy. */
export interface IdsByMatch {
  readonly exact: number[];
  readonly prefix: number[];
  readonly wildcard: number[];
}
/** URIs by match policy. */
export interface UrisByMatch {
  readonly exact: string[];
  readonly prefix: string[];
  readonly wildcard: string[];
}
/** What the session that is ended is told; the reason is a URI, `wamp.close.killed` by default. */
export interface KillOptions {
  readonly reason?: string;
  readonly message?: string;
}
/** How the URI is to be understood. Default `exact`. */
export interface LookupOptions {
  readonly match?: 'exact' | 'prefix' | 'wildcard';
}

/** Which events of the past; all conditions hold at once. Publications count by their place in the history. */
export interface HistoryOptions {
  /** Events to return at most. */
  readonly limit?: number;
  /** The newest first. */
  readonly reverse?: boolean;
  /** Only those of one topic that a pattern matches. */
  readonly topic?: string;
  /** Times are RFC 3339 where they are text. `from` and `until` include the moment, `after` and `before` do not. */
  readonly fromTime?: string | Date;
  readonly afterTime?: string | Date;
  readonly untilTime?: string | Date;
  readonly beforeTime?: string | Date;
  readonly fromPublication?: number;
  readonly afterPublication?: number;
  readonly untilPublication?: number;
  readonly beforePublication?: number;
}
/** An event of the past. */
export interface PastEvent<T = any> extends Omit<EventMessage<T>, 'topic'> {
  /** Missing if the router did not say it, and the question was not asked with a `Subscription`. */
  readonly topic: string | undefined;
  /** When it was published: RFC 3339. */
  readonly timestamp: string;
}

/** Publishes something when this session ends. */
export interface TestamentOptions extends Omit<PublishOptions, 'acknowledge' | 'ppt' | 'signal'> {
  /** When: as soon as it is `detached`, or when it is `destroyed` for good. Default `destroyed`. */
  readonly scope?: 'destroyed' | 'detached';
}

/** Sessions of the realm ("WAMP: Session Meta API"). */
export interface SessionsMeta {
  /** How many there are, in all or in these roles. */
  count(authroles?: readonly string[]): Promise<number>;
  list(authroles?: readonly string[]): Promise<number[]>;
  get(session: number): Promise<SessionDetails>;
  /** Ends a session; `wamp.error.no_such_session` if it is our own. */
  kill(session: number, options?: KillOptions): Promise<void>;
  /** Ends all of them but our own; resolves to their ids. */
  killByAuthid(authid: string, options?: KillOptions): Promise<number[]>;
  /** Ends all of them but our own; resolves to their number. */
  killByAuthrole(authrole: string, options?: KillOptions): Promise<number>;
  /** Ends all but our own; resolves to their number. */
  killAll(options?: KillOptions): Promise<number>;
  on(what: 'join' | 'leave', handler: (session: SessionDetails, event: EventMessage) => unknown): Promise<Subscription>;
}
/** Registrations of the realm ("WAMP: Registration Meta API"). */
export interface RegistrationsMeta {
  list(): Promise<IdsByMatch>;
  /** The id of the registration that was made with this very URI and policy. */
  lookup(procedure: string, options?: LookupOptions): Promise<number | null>;
  /** The id of the registration that a call would reach. */
  match(procedure: string): Promise<number | null>;
  get(registration: number): Promise<RegistrationDetails>;
  listCallees(registration: number): Promise<number[]>;
  countCallees(registration: number): Promise<number>;
  /** Takes a callee out, where the router offers that. */
  removeCallee(registration: number, callee: number, options?: { readonly reason?: string }): Promise<void>;
  on(what: 'create', handler: (registration: RegistrationDetails & { readonly session: number }, event: EventMessage) => unknown): Promise<Subscription>;
  on(what: 'register' | 'unregister' | 'delete', handler: (what: { readonly session: number; readonly registration: number }, event: EventMessage) => unknown): Promise<Subscription>;
}
/** Subscriptions of the realm ("WAMP: Subscription Meta API"). */
export interface SubscriptionsMeta {
  list(): Promise<IdsByMatch>;
  /** The id of the subscription that was made with this very URI and policy. */
  lookup(topic: string, options?: LookupOptions): Promise<number | null>;
  /** The ids of all subscriptions that an event would reach. */
  match(topic: string): Promise<number[] | null>;
  get(subscription: number): Promise<SubscriptionDetails>;
  listSubscribers(subscription: number): Promise<number[]>;
  countSubscribers(subscription: number): Promise<number>;
  /** Takes a subscriber out, where the router offers that. */
  removeSubscriber(subscription: number, subscriber: number, options?: { readonly reason?: string }): Promise<void>;
  /** Events of the past, the oldest first, where the router keeps them ("WAMP: Event History"). */
  history<T = any>(subscription: number | Subscription<T, any>, options?: HistoryOptions): Promise<PastEvent<T>[]>;
  on(what: 'create', handler: (subscription: SubscriptionDetails & { readonly session: number }, event: EventMessage) => unknown): Promise<Subscription>;
  on(what: 'subscribe' | 'unsubscribe' | 'delete', handler: (what: { readonly session: number; readonly subscription: number }, event: EventMessage) => unknown): Promise<Subscription>;
}
/** What is published when our session ends ("WAMP: Session Testament"). It belongs to the session, not to the client. */
export interface TestamentMeta {
  add(topic: string, data?: unknown, options?: TestamentOptions): Promise<void>;
  /** Takes those of one scope back. */
  flush(options?: { readonly scope?: 'destroyed' | 'detached' }): Promise<void>;
}
/** What is named and described, where the router offers that ("WAMP: Reflection"). */
export interface ReflectionMeta<Listed> {
  list(): Promise<Listed>;
  describe(uri: string, options?: LookupOptions): Promise<Readonly<Record<string, any>> | null>;
}

/**
 * The meta API of the router. Each method calls the procedure of its name, so `wamp.error.no_such_procedure` means that
 * the router does not have it, and `wamp.error.not_authorized` that we may not ask.
 *
 * ```ts
 * const ids = await client.meta.sessions.list(['frontend']);
 * await client.meta.sessions.on('leave', ({ session, authid }) => console.log(authid, session, 'left'));
 * ```
 */
export interface Meta {
  readonly sessions: SessionsMeta;
  readonly registrations: RegistrationsMeta;
  readonly subscriptions: SubscriptionsMeta;
  readonly testament: TestamentMeta;
  readonly procedures: ReflectionMeta<UrisByMatch>;
  readonly topics: ReflectionMeta<UrisByMatch>;
  readonly errors: ReflectionMeta<string[]>;
}
