import type { EventMessage, PublishOptions, Subscription } from './events.js';

/** What the router tells about a session. */
export interface SessionDetails {
  readonly session: number;
  readonly authid: string;
  readonly authrole: string;
  readonly authmethod?: string;
  readonly authprovider?: string;
  /** How it is connected, where the router says so: its shape is the router's own. */
  readonly transport?: any;
  readonly [more: string]: any;
}
/** What the router tells about a registration. */
export interface RegistrationDetails {
  readonly id: number;
  /** RFC 3339. */
  readonly created: string;
  /** The procedure or pattern. */
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
  /** The topic or pattern. */
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
/** What the session that is ended is told in GOODBYE. */
export interface KillOptions {
  /** The URI of the reason. Default `wamp.close.killed`. */
  readonly reason?: string;
  /** A text for people. Default: none. */
  readonly message?: string;
}
/** How the URI is to be understood. Default `exact`. */
export interface LookupOptions {
  readonly match?: 'exact' | 'prefix' | 'wildcard';
}

/** Which events of the past; all conditions hold at once. Publications count by their place in the history. */
export interface HistoryOptions {
  /** Events to return at most; the router may have a limit of its own. Default: that of the router. */
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

/** How a testament is published ("WAMP: Session Testament"). */
export interface TestamentOptions extends Omit<PublishOptions, 'acknowledge' | 'ppt' | 'signal'> {
  /** When: as soon as it is `detached`, or when it is `destroyed` for good. Default `destroyed`. */
  readonly scope?: 'destroyed' | 'detached';
}

/** Sessions of the realm ("WAMP: Session Meta API"). */
export interface SessionsMeta {
  /** How many there are, in all or in these roles. */
  count(authroles?: readonly string[]): Promise<number>;
  /** The ids of all sessions, or of those in these roles. */
  list(authroles?: readonly string[]): Promise<number[]>;
  /** Who is behind a session; `wamp.error.no_such_session` if there is none. */
  get(session: number): Promise<SessionDetails>;
  /** Ends a session; `wamp.error.no_such_session` if it is our own. */
  kill(session: number, options?: KillOptions): Promise<void>;
  /** Ends all of them but our own; resolves to their ids. */
  killByAuthid(authid: string, options?: KillOptions): Promise<number[]>;
  /** Ends all of them but our own; resolves to their number. */
  killByAuthrole(authrole: string, options?: KillOptions): Promise<number>;
  /** Ends all but our own; resolves to their number. */
  killAll(options?: KillOptions): Promise<number>;
  /**
   * Subscribes to sessions that come or go. Of one that goes, routers may say no more than `session`, `authid` and `authrole`.
   */
  on(what: 'join' | 'leave', handler: (session: SessionDetails, event: EventMessage) => unknown): Promise<Subscription>;
}
/** Registrations of the realm ("WAMP: Registration Meta API"). */
export interface RegistrationsMeta {
  /** The ids of all registrations. */
  list(): Promise<IdsByMatch>;
  /** The id of the registration that was made with this very URI and policy. */
  lookup(procedure: string, options?: LookupOptions): Promise<number | null>;
  /** The id of the registration that a call would reach. */
  match(procedure: string): Promise<number | null>;
  /** What a registration is; `wamp.error.no_such_registration` if there is none. */
  get(registration: number): Promise<RegistrationDetails>;
  /** The session ids of its callees. */
  listCallees(registration: number): Promise<number[]>;
  /** How many callees it has. */
  countCallees(registration: number): Promise<number>;
  /** Takes a callee out, where the router offers that. */
  removeCallee(registration: number, callee: number, options?: { readonly reason?: string }): Promise<void>;
  /** Subscribes to registrations that are made: by the first callee of a procedure. */
  on(what: 'create', handler: (registration: RegistrationDetails & { readonly session: number }, event: EventMessage) => unknown): Promise<Subscription>;
  /**
   * Subscribes to callees that come (`register`) and go (`unregister`), and registrations that end with their last one (`delete`).
   */
  on(what: 'register' | 'unregister' | 'delete', handler: (what: { readonly session: number; readonly registration: number }, event: EventMessage) => unknown): Promise<Subscription>;
}
/** Subscriptions of the realm ("WAMP: Subscription Meta API"). */
export interface SubscriptionsMeta {
  /** The ids of all subscriptions. */
  list(): Promise<IdsByMatch>;
  /** The id of the subscription that was made with this very URI and policy. */
  lookup(topic: string, options?: LookupOptions): Promise<number | null>;
  /** The ids of all subscriptions that an event would reach. */
  match(topic: string): Promise<number[] | null>;
  /** What a subscription is; `wamp.error.no_such_subscription` if there is none. */
  get(subscription: number): Promise<SubscriptionDetails>;
  /** The session ids of its subscribers. */
  listSubscribers(subscription: number): Promise<number[]>;
  /** How many subscribers it has. */
  countSubscribers(subscription: number): Promise<number>;
  /** Takes a subscriber out, where the router offers that. */
  removeSubscriber(subscription: number, subscriber: number, options?: { readonly reason?: string }): Promise<void>;
  /** Events of the past, the oldest first, where the router keeps them ("WAMP: Event History"). */
  history<T = any>(subscription: number | Subscription<T, any>, options?: HistoryOptions): Promise<PastEvent<T>[]>;
  /** Subscribes to subscriptions that are made: by the first subscriber of a topic. */
  on(what: 'create', handler: (subscription: SubscriptionDetails & { readonly session: number }, event: EventMessage) => unknown): Promise<Subscription>;
  /**
   * Subscribes to subscribers that come (`subscribe`) and go (`unsubscribe`), and subscriptions that end with their last one
   * (`delete`).
   */
  on(what: 'subscribe' | 'unsubscribe' | 'delete', handler: (what: { readonly session: number; readonly subscription: number }, event: EventMessage) => unknown): Promise<Subscription>;
}
/** What is published when our session ends ("WAMP: Session Testament"). It belongs to the session, not to the client. */
export interface TestamentMeta {
  /**
   * Leaves an event with the router, to be published when this session ends. Another session needs it again: add it on `open`.
   *
   * ```ts
   * client.addEventListener('open', () => client.meta.testament.add('com.example.left', { who: 'joe' }));
   * ```
   */
  add(topic: string, data?: unknown, options?: TestamentOptions): Promise<void>;
  /** Takes those of one scope back, by default `destroyed`. */
  flush(options?: { readonly scope?: 'destroyed' | 'detached' }): Promise<void>;
}
/** What is named and described, where the router offers that ("WAMP: Reflection"). */
export interface ReflectionMeta<Listed> {
  /** The URIs that are described. */
  list(): Promise<Listed>;
  /** The description of one URI, or `null`. */
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
