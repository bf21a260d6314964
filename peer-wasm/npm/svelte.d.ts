/**
 * Wamplex in Svelte 5 and 4: stores over a `Client` of `wamplex`.
 *
 * A store works while it is subscribed to, as with `$store` in a component; nothing happens on a server. Topics and
 * arguments may be stores themselves: other content makes them subscribe or call anew. In runes, `toStore(() => topic)`
 * of `svelte/store` makes a store of a state, and `fromStore(store).current` reads one.
 *
 * Topics and procedures have the types that the contract of the client says.
 */
import type {
  AnyArguments, CallArguments, CallResultOptions, CallState, EventIn, FeedOptions, FilledOrAny, HandlerIn, HeldState, Name, Nothing,
  ResultArguments, ResultOptions, SubscriptionOptions, Unnamed,
} from './declarations/hooks.js';
import type { Definitions, MayName, ProcedureUri, TopicUri, TypeOf } from './declarations/contract.js';
import type {
  CallOptions, Client, EventMessage, Handler, RegisterOptions, SessionInfo, State, StreamOptions,
} from './index.js';

export type { CallResultOptions, CallState, FeedOptions, HeldState, Name, SubscriptionOptions };

/** A store, as Svelte understands it. */
export interface Readable<T> {
  /** Calls `run` with the value now and with each other one, until what it returns is called. */
  subscribe(this: void, run: (value: T) => void, invalidate?: () => void): () => void;
}
/** A value, or a store of such values. */
export type MaybeStore<T> = T | Readable<T>;

// ---- the client ---------------------------------------------------------------------

/** Gives this component and those inside their client, which stays open when the component goes; returns it. */
export declare function setClient<T extends Client<any>>(client: T): T;
/** The client of the nearest component that set one. Throws where there is none. Say which contract it has: `getClient<typeof api>()`. */
export declare function getClient<C extends Definitions = any>(): Client<C>;
/** How the client is doing. */
export declare function connectionState(client: Client<any>): Readable<State>;
/** The open session, or `null`. */
export declare function session(client: Client<any>): Readable<SessionInfo | null>;

// ---- publish and subscribe ----------------------------------------------------------

/** The topics that a contract names. */
type Topics<C> = string extends keyof C ? never : TopicUri<C>;

/** What `subscription` holds. */
export interface Latest<Event extends EventMessage<any, any, any>, Initial> extends HeldState {
  /** `data` of the last event, `initial` before the first. */
  readonly data: Event['data'] | Initial;
  /** The last event, with all that it carries. */
  readonly event: Event | undefined;
}
/** The last event of a topic. With `getRetained` the router's retained one comes at once. */
export declare function subscription<C extends Definitions, K extends Topics<C>>(
  client: Client<C>, topic: MaybeStore<K | Nothing>,
  options: Required<FilledOrAny<C, K, SubscriptionOptions>>[0] & { initial: TypeOf<C, K, 'data'> },
): Readable<Latest<EventIn<C, K>, never>>;
export declare function subscription<C extends Definitions, K extends Topics<C>>(
  client: Client<C>, topic: MaybeStore<K | Nothing>, ...options: FilledOrAny<C, K, SubscriptionOptions>
): Readable<Latest<EventIn<C, K>, undefined>>;
export declare function subscription<T = any, C extends Definitions = any, U extends string = string>(
  client: Client<C>, topic: MaybeStore<Unnamed<U, Topics<C>> | Nothing>, options: SubscriptionOptions & { initial: T },
): Readable<Latest<EventMessage<T>, never>>;
export declare function subscription<T = any, C extends Definitions = any, U extends string = string>(
  client: Client<C>, topic: MaybeStore<Unnamed<U, Topics<C>> | Nothing>, options?: SubscriptionOptions,
): Readable<Latest<EventMessage<T>, undefined>>;

/** What `events` holds. */
export interface Events<Event> extends HeldState {
  /** The newest last. */
  readonly events: readonly Event[];
}
/** What `events` makes. */
export interface EventsStore<Event> extends Readable<Events<Event>> {
  /** Forgets the events that came so far. */
  readonly clear: () => void;
}
/** The last `limit` events of a topic (default 100). */
export declare function events<C extends Definitions, K extends Topics<C>>(
  client: Client<C>, topic: MaybeStore<K | Nothing>, ...options: FilledOrAny<C, K, FeedOptions>
): EventsStore<EventIn<C, K>>;
export declare function events<T = any, C extends Definitions = any, U extends string = string>(
  client: Client<C>, topic: MaybeStore<Unnamed<U, Topics<C>> | Nothing>, options?: FeedOptions,
): EventsStore<EventMessage<T>>;

/** Calls `handler` with each event while the component is there. To be used while a component is being made. */
export declare function useSubscription<C extends Definitions, K extends Topics<C>>(
  client: Client<C>, topic: MaybeStore<K | Nothing>, handler: (event: EventIn<C, K>) => unknown,
  ...options: FilledOrAny<C, K, SubscriptionOptions>
): Readable<HeldState>;
export declare function useSubscription<T = any, C extends Definitions = any, U extends string = string>(
  client: Client<C>, topic: MaybeStore<Unnamed<U, Topics<C>> | Nothing>, handler: (event: EventMessage<T>) => unknown,
  options?: SubscriptionOptions,
): Readable<HeldState>;

// ---- procedures ---------------------------------------------------------------------

/** The procedures that a contract names. */
type Procedures<C> = string extends keyof C ? never : ProcedureUri<C>;
type ResultOf<C, K extends keyof C & string> = TypeOf<C, K, 'result'>;

/** Serves a procedure while the component is there. To be used while a component is being made. */
export declare function useRegistration<C extends Definitions, K extends Procedures<C>>(
  client: Client<C>, procedure: MaybeStore<K | Nothing>,
  handler: HandlerIn<C, K>,
  ...options: FilledOrAny<C, K, Omit<RegisterOptions, 'signal'>>
): Readable<HeldState>;
export declare function useRegistration<C extends Definitions = any, U extends string = string>(
  client: Client<C>, procedure: MaybeStore<Unnamed<U, Procedures<C>> | Nothing>, handler: Handler,
  options?: Omit<RegisterOptions, 'signal'>,
): Readable<HeldState>;

/** What `call` makes. */
export interface Call<Arguments extends unknown[], R> extends Readable<CallState<R | undefined>> {
  /**
   * Calls the procedure. The store tells of the call that was made last, whatever the order of the answers; the promise is
   * for who wants to wait, and need not be caught.
   */
  readonly call: (...given: Arguments) => Promise<R>;
  /** Cancels the calls that are running, as does the end of the last subscription to the store. */
  readonly cancel: (reason?: unknown) => void;
}
/** Calls a procedure when told to. */
export declare function call<C extends Definitions, K extends Procedures<C>>(
  client: Client<C>, procedure: K, options?: MayName<C, K, Omit<CallOptions, 'signal'>>,
): Call<CallArguments<C, K, CallOptions>, ResultOf<C, K>>;
export declare function call<R = any, C extends Definitions = any, U extends string = string>(
  client: Client<C>, procedure: Unnamed<U, Procedures<C>>, options?: Omit<CallOptions, 'signal'>,
): Call<AnyArguments<CallOptions>, R>;

/** What `callResult` makes. `data` is `initial` before the answer came. */
export interface CallResult<R, Initial> extends Readable<CallState<R | Initial>> {
  /** Calls again. */
  readonly refresh: () => Promise<R>;
  /** Cancels the call if it is running. */
  readonly cancel: (reason?: unknown) => void;
}
/** Parameters of which the first, the arguments, may be a store. */
type ArgumentsGiven<T extends unknown[]> = { [I in keyof T]: I extends '0' ? MaybeStore<Exclude<T[I], undefined>> : T[I] };
/** Calls a procedure when the store is subscribed to, and again with other arguments. */
export declare function callResult<C extends Definitions, K extends Procedures<C>>(
  client: Client<C>, procedure: MaybeStore<K | Nothing>, args: MaybeStore<Readonly<TypeOf<C, K, 'argsSent'>>>,
  options: ResultOptions<C, K, CallResultOptions> & { initial: ResultOf<C, K> },
): CallResult<ResultOf<C, K>, never>;
export declare function callResult<C extends Definitions, K extends Procedures<C>>(
  client: Client<C>, procedure: MaybeStore<K | Nothing>, ...given: ArgumentsGiven<ResultArguments<C, K, CallResultOptions>>
): CallResult<ResultOf<C, K>, undefined>;
export declare function callResult<R = any, C extends Definitions = any, U extends string = string>(
  client: Client<C>, procedure: MaybeStore<Unnamed<U, Procedures<C>> | Nothing>, args: MaybeStore<readonly unknown[] | undefined> | undefined,
  options: CallResultOptions & { initial: R },
): CallResult<R, never>;
export declare function callResult<R = any, C extends Definitions = any, U extends string = string>(
  client: Client<C>, procedure: MaybeStore<Unnamed<U, Procedures<C>> | Nothing>, args?: MaybeStore<readonly unknown[] | undefined>,
  options?: CallResultOptions,
): CallResult<R, undefined>;

/** What `stream` holds. */
export interface StreamState<P, R> extends CallState<R | undefined> {
  /** The progressive results of the last call, the newest last. */
  readonly progress: readonly P[];
}
/** What `stream` makes. */
export interface Stream<P, Arguments extends unknown[], R> extends Readable<StreamState<P, R>> {
  /** Calls the procedure, and cancels the call before. */
  readonly call: (...given: Arguments) => Promise<R>;
  /** Cancels the call if it is running; `progress` stays. */
  readonly cancel: (reason?: unknown) => void;
}
/** How `stream` calls, and how many progressive results it keeps. */
export type StreamStoreOptions = Omit<StreamOptions, 'signal' | 'input'> & {
  /** Progressive results to keep. Default 100. */
  limit?: number;
};
/** Calls a procedure for progressive results when told to, and keeps the last `limit` of them (default 100). */
export declare function stream<C extends Definitions, K extends Procedures<C>>(
  client: Client<C>, procedure: K, options?: MayName<C, K, StreamStoreOptions>,
): Stream<TypeOf<C, K, 'progress'>, CallArguments<C, K, StreamOptions>, ResultOf<C, K>>;
export declare function stream<P = any, R = any, C extends Definitions = any, U extends string = string>(
  client: Client<C>, procedure: Unnamed<U, Procedures<C>>, options?: StreamStoreOptions,
): Stream<P, AnyArguments<StreamOptions>, R>;
