/**
 * Wamplex in Vue 3: composables over a `Client` of `wamplex`.
 *
 * Nothing happens on a server, where all of them give what they begin with. Topics, procedures, arguments and options may
 * be references or getters: other content makes them subscribe or call anew. What they do ends with the component, or
 * with the scope that they are used in.
 *
 * Where `Register` of `wamplex` names a contract, topics and procedures have the types that it says.
 */
import type { App, MaybeRef, MaybeRefOrGetter, Ref } from 'vue';
import type {
  AnyArguments, CallArguments, CallResultOptions, EventIn, FeedOptions, FilledOrAny, HandlerIn, HeldState, Name, Nothing, Registered,
  RegisteredOrUntyped, ResultArguments, ResultOptions, SubscriptionOptions, Unnamed,
} from './declarations/hooks.js';
import type { MayName, ProcedureUri, TopicUri, TypeOf } from './declarations/contract.js';
import type {
  CallOptions, Client, EventMessage, Handler, RegisterOptions, SessionInfo, State, StreamOptions,
} from './index.js';

export type { CallResultOptions, FeedOptions, Name, SubscriptionOptions };

type Read<T> = Readonly<Ref<T>>;
type Given<T> = MaybeRefOrGetter<T>;
/** Each of some parameters as a reference or a getter, and the items of lists, too. */
type AllGiven<T extends unknown[]> = { [I in keyof T]: Given<MaybeRefs<Exclude<T[I], undefined>>> };
type MaybeRefs<T> = T extends readonly unknown[] ? { [I in keyof T]: MaybeRef<T[I]> } : T;

// ---- the client ---------------------------------------------------------------------

/** A plugin that gives all components of an application their client: `app.use(createWamp({ client }))`. */
export declare function createWamp(options: { client: Client<any> }): {
  /** Called by `app.use`. */
  install(app: App): void;
};
/** Gives this component and those inside their client, which stays open when the component goes. */
export declare function provideClient(client: Client<any>): void;
/** The client of the nearest component that provides one, or of the application. Throws where there is none. */
export declare function useClient(): Client<RegisteredOrUntyped>;
/** How the client is doing. */
export declare function useConnectionState(): Read<State>;
/** The open session, or `null`. */
export declare function useSession(): Read<SessionInfo | null>;

// ---- publish and subscribe ----------------------------------------------------------

type Topics = TopicUri<Registered>;
type DataOf<K extends Topics> = TypeOf<Registered, K, 'data'>;

/** How a subscription or registration is doing: `idle` without a name, `closed` after a failure or when the client is closed. */
export interface HeldRefs {
  readonly status: Read<HeldState['status']>;
  /** Why it could not be made. */
  readonly error: Read<unknown>;
}

/** Calls `handler` with each event while the component is there. */
export declare function useSubscription<K extends Topics>(
  topic: Given<K | Nothing>, handler: (event: EventIn<Registered, K>) => unknown,
  ...options: AllGiven<FilledOrAny<Registered, K, SubscriptionOptions>>
): HeldRefs;
export declare function useSubscription<T = any, U extends string = string>(
  topic: Given<Unnamed<U, Topics> | Nothing>, handler: (event: EventMessage<T>) => unknown, options?: Given<SubscriptionOptions>,
): HeldRefs;

/** What `useLatest` gives. */
export interface LatestRefs<Event extends EventMessage<any, any, any>, Initial> extends HeldRefs {
  /** `data` of the last event, `initial` before the first. */
  readonly data: Read<Event['data'] | Initial>;
  /** The last event, with all that it carries. */
  readonly event: Read<Event | undefined>;
}
/** The last event of a topic. With `getRetained` the router's retained one comes at once. */
export declare function useLatest<K extends Topics>(
  topic: Given<K | Nothing>, options: Given<Required<FilledOrAny<Registered, K, SubscriptionOptions>>[0] & { initial: DataOf<K> }>,
): LatestRefs<EventIn<Registered, K>, never>;
export declare function useLatest<K extends Topics>(
  topic: Given<K | Nothing>, ...options: AllGiven<FilledOrAny<Registered, K, SubscriptionOptions>>
): LatestRefs<EventIn<Registered, K>, undefined>;
export declare function useLatest<T = any, U extends string = string>(
  topic: Given<Unnamed<U, Topics> | Nothing>, options: Given<SubscriptionOptions & { initial: T }>,
): LatestRefs<EventMessage<T>, never>;
export declare function useLatest<T = any, U extends string = string>(
  topic: Given<Unnamed<U, Topics> | Nothing>, options?: Given<SubscriptionOptions>,
): LatestRefs<EventMessage<T>, undefined>;

/** What `useEvents` gives. */
export interface EventsRefs<Event> extends HeldRefs {
  /** The newest last. */
  readonly events: Read<readonly Event[]>;
  /** Forgets the events that came so far. */
  clear(): void;
}
/** The last `limit` events of a topic (default 100). */
export declare function useEvents<K extends Topics>(
  topic: Given<K | Nothing>, ...options: AllGiven<FilledOrAny<Registered, K, FeedOptions>>
): EventsRefs<EventIn<Registered, K>>;
export declare function useEvents<T = any, U extends string = string>(
  topic: Given<Unnamed<U, Topics> | Nothing>, options?: Given<FeedOptions>,
): EventsRefs<EventMessage<T>>;

// ---- procedures ---------------------------------------------------------------------

type Procedures = ProcedureUri<Registered>;
type ResultOf<K extends Procedures> = TypeOf<Registered, K, 'result'>;

/** Serves a procedure while the component is there. */
export declare function useRegistration<K extends Procedures>(
  procedure: Given<K | Nothing>,
  handler: HandlerIn<Registered, K>,
  ...options: AllGiven<FilledOrAny<Registered, K, Omit<RegisterOptions, 'signal'>>>
): HeldRefs;
export declare function useRegistration<U extends string = string>(
  procedure: Given<Unnamed<U, Procedures> | Nothing>, handler: Handler, options?: Given<Omit<RegisterOptions, 'signal'>>,
): HeldRefs;

/** How calls are doing. */
export interface CallRefs<R> {
  /** The last answer. */
  readonly data: Read<R>;
  /** Why the last call failed, if it did. */
  readonly error: Read<unknown>;
  /** Whether an answer is awaited. */
  readonly pending: Read<boolean>;
  /** Cancels the calls that are running, as does the end of the component. */
  cancel(reason?: unknown): void;
}

/** What `useCall` gives. */
export interface Call<Arguments extends unknown[], R> extends CallRefs<R | undefined> {
  /**
   * Calls the procedure. The references tell of the call that was made last, whatever the order of the answers; the
   * promise is for who wants to wait, and need not be caught. Vue itself reports those that handlers return:
   * `@click="void call()"` in templates.
   */
  call(...given: Arguments): Promise<R>;
}
/** Calls a procedure when told to. */
export declare function useCall<K extends Procedures>(
  procedure: Given<K>, options?: Given<MayName<Registered, K, Omit<CallOptions, 'signal'>>>,
): Call<CallArguments<Registered, K, CallOptions>, ResultOf<K>>;
export declare function useCall<R = any, U extends string = string>(
  procedure: Given<Unnamed<U, Procedures>>, options?: Given<Omit<CallOptions, 'signal'>>,
): Call<AnyArguments<CallOptions>, R>;

/** What `useCallResult` gives. `data` is `initial` before the answer came. */
export interface CallResult<R, Initial> extends CallRefs<R | Initial> {
  /** Calls again. */
  refresh(): Promise<R>;
}
/** Calls a procedure when the component appears, and again with other arguments, which may be references themselves. */
export declare function useCallResult<K extends Procedures>(
  procedure: Given<K | Nothing>, args: Given<MaybeRefs<Readonly<TypeOf<Registered, K, 'argsSent'>>>>,
  options: Given<ResultOptions<Registered, K, CallResultOptions> & { initial: ResultOf<K> }>,
): CallResult<ResultOf<K>, never>;
export declare function useCallResult<K extends Procedures>(
  procedure: Given<K | Nothing>, ...given: AllGiven<ResultArguments<Registered, K, CallResultOptions>>
): CallResult<ResultOf<K>, undefined>;
export declare function useCallResult<R = any, U extends string = string>(
  procedure: Given<Unnamed<U, Procedures> | Nothing>, args: Given<readonly unknown[] | undefined>,
  options: Given<CallResultOptions & { initial: R }>,
): CallResult<R, never>;
export declare function useCallResult<R = any, U extends string = string>(
  procedure: Given<Unnamed<U, Procedures> | Nothing>, args?: Given<readonly unknown[] | undefined>, options?: Given<CallResultOptions>,
): CallResult<R, undefined>;

/** What `useStream` gives. */
export interface Stream<P, Arguments extends unknown[], R> extends CallRefs<R | undefined> {
  /** The progressive results of the last call, the newest last. */
  readonly progress: Read<readonly P[]>;
  /** Calls the procedure, and cancels the call before. */
  call(...given: Arguments): Promise<R>;
}
/** How `useStream` calls, and how many progressive results it keeps. */
export type StreamHookOptions = Omit<StreamOptions, 'signal' | 'input'> & {
  /** Progressive results to keep. Default 100. */
  limit?: number;
};
/** Calls a procedure for progressive results when told to, and keeps the last `limit` of them (default 100). */
export declare function useStream<K extends Procedures>(
  procedure: Given<K>, options?: Given<MayName<Registered, K, StreamHookOptions>>,
): Stream<TypeOf<Registered, K, 'progress'>, CallArguments<Registered, K, StreamOptions>, ResultOf<K>>;
export declare function useStream<P = any, R = any, U extends string = string>(
  procedure: Given<Unnamed<U, Procedures>>, options?: Given<StreamHookOptions>,
): Stream<P, AnyArguments<StreamOptions>, R>;
