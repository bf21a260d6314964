/**
 * Wamplex in React 18 and 19: hooks over a `Client` of `wamplex`.
 *
 * Nothing happens on a server, where all of them give what they begin with. What is given to them by value (topics,
 * procedures, arguments, options) may be written in place: only other content makes them subscribe or call anew.
 * Handlers may be other functions each time; the last one is called.
 *
 * Where `Register` of `wamplex` names a contract, topics and procedures have the types that it says.
 */
import type { ReactElement, ReactNode } from 'react';
import type {
  AnyArguments, CallArguments, CallResultOptions, CallState, EventIn, FeedOptions, FilledOrAny, HandlerIn, HeldState, Name, Nothing,
  Registered, RegisteredOrUntyped, ResultArguments, ResultOptions, SubscriptionOptions, Unnamed,
} from './declarations/hooks.js';
import type { MayName, ProcedureUri, TopicUri, TypeOf } from './declarations/contract.js';
import type {
  CallOptions, Client, ClientOptions, ContractOption, EndpointInput, EventMessage, Handler, RegisterOptions, SessionInfo, State,
  StreamOptions,
} from './index.js';

export type { CallResultOptions, CallState, FeedOptions, HeldState, Name, SubscriptionOptions };

// ---- the client ---------------------------------------------------------------------

/** A client made elsewhere, which stays open when the component goes. */
export interface SharedClientProps {
  client: Client<any>;
  children?: ReactNode;
}
/**
 * A client that connects when the component appears and is closed when it goes. Another `url` or realm makes another one;
 * for other changes of `options` give the component another `key`.
 */
export interface OwnClientProps {
  client?: undefined;
  url: EndpointInput;
  options: ClientOptions & ContractOption<any>;
  children?: ReactNode;
}
/** Gives the components inside their client. */
export declare function WampProvider(props: SharedClientProps | OwnClientProps): ReactElement;
/** The same for clients that were made elsewhere only: leaves out of the bundle the client that `WampProvider` would make. */
export declare function ClientProvider(props: SharedClientProps): ReactElement;

/** The client of the nearest provider. Throws where there is none. */
export declare function useClient(): Client<RegisteredOrUntyped>;
/** How the client is doing; `idle` on servers. */
export declare function useConnectionState(): State;
/** The open session, or `null`. */
export declare function useSession(): SessionInfo | null;

// ---- publish and subscribe ----------------------------------------------------------

type Topics = TopicUri<Registered>;
type DataOf<K extends Topics> = TypeOf<Registered, K, 'data'>;

/** Calls `handler` with each event while the component is shown. */
export declare function useSubscription<K extends Topics>(
  topic: K | Nothing, handler: (event: EventIn<Registered, K>) => unknown, ...options: FilledOrAny<Registered, K, SubscriptionOptions>
): HeldState;
export declare function useSubscription<T = any, U extends string = string>(
  topic: Unnamed<U, Topics> | Nothing, handler: (event: EventMessage<T>) => unknown, options?: SubscriptionOptions,
): HeldState;

/** What `useLatest` gives. */
export interface Latest<Event extends EventMessage<any, any, any>, Initial> extends HeldState {
  /** `data` of the last event, `initial` before the first. */
  readonly data: Event['data'] | Initial;
  /** The last event, with all that it carries. */
  readonly event: Event | undefined;
}
/** The last event of a topic. With `getRetained` the router's retained one comes at once. */
export declare function useLatest<K extends Topics>(
  topic: K | Nothing, options: Required<FilledOrAny<Registered, K, SubscriptionOptions>>[0] & { initial: DataOf<K> },
): Latest<EventIn<Registered, K>, never>;
export declare function useLatest<K extends Topics>(
  topic: K | Nothing, ...options: FilledOrAny<Registered, K, SubscriptionOptions>
): Latest<EventIn<Registered, K>, undefined>;
export declare function useLatest<T = any, U extends string = string>(
  topic: Unnamed<U, Topics> | Nothing, options: SubscriptionOptions & { initial: T },
): Latest<EventMessage<T>, never>;
export declare function useLatest<T = any, U extends string = string>(
  topic: Unnamed<U, Topics> | Nothing, options?: SubscriptionOptions,
): Latest<EventMessage<T>, undefined>;

/** What `useEvents` gives. */
export interface Events<Event> extends HeldState {
  /** The newest last. */
  readonly events: readonly Event[];
  /** Forgets the events that came so far. */
  readonly clear: () => void;
}
/** The last `limit` events of a topic (default 100). */
export declare function useEvents<K extends Topics>(
  topic: K | Nothing, ...options: FilledOrAny<Registered, K, FeedOptions>
): Events<EventIn<Registered, K>>;
export declare function useEvents<T = any, U extends string = string>(
  topic: Unnamed<U, Topics> | Nothing, options?: FeedOptions,
): Events<EventMessage<T>>;

// ---- procedures ---------------------------------------------------------------------

type Procedures = ProcedureUri<Registered>;
type ResultOf<K extends Procedures> = TypeOf<Registered, K, 'result'>;

/** Serves a procedure while the component is shown. */
export declare function useRegistration<K extends Procedures>(
  procedure: K | Nothing,
  handler: HandlerIn<Registered, K>,
  ...options: FilledOrAny<Registered, K, Omit<RegisterOptions, 'signal'>>
): HeldState;
export declare function useRegistration<U extends string = string>(
  procedure: Unnamed<U, Procedures> | Nothing, handler: Handler, options?: Omit<RegisterOptions, 'signal'>,
): HeldState;

/** What `useCall` gives. Its functions are always the same. */
export interface Call<Arguments extends unknown[], R> extends CallState<R | undefined> {
  /**
   * Calls the procedure. The state tells of the call that was made last, whatever the order of the answers; the promise
   * is for who wants to wait, and need not be caught.
   */
  readonly call: (...given: Arguments) => Promise<R>;
  /** Cancels the calls that are running, as does the end of the component. */
  readonly cancel: (reason?: unknown) => void;
}
/** Calls a procedure when told to. */
export declare function useCall<K extends Procedures>(
  procedure: K, options?: MayName<Registered, K, Omit<CallOptions, 'signal'>>,
): Call<CallArguments<Registered, K, CallOptions>, ResultOf<K>>;
export declare function useCall<R = any, U extends string = string>(
  procedure: Unnamed<U, Procedures>, options?: Omit<CallOptions, 'signal'>,
): Call<AnyArguments<CallOptions>, R>;

/** What `useCallResult` gives. `data` is `initial` before the answer came. */
export interface CallResult<R, Initial> extends CallState<R | Initial> {
  /** Calls again. */
  readonly refresh: () => Promise<R>;
  /** Cancels the call if it is running. */
  readonly cancel: (reason?: unknown) => void;
}
/** Calls a procedure when the component appears, and again with other arguments. */
export declare function useCallResult<K extends Procedures>(
  procedure: K | Nothing, args: Readonly<TypeOf<Registered, K, 'argsSent'>>,
  options: ResultOptions<Registered, K, CallResultOptions> & { initial: ResultOf<K> },
): CallResult<ResultOf<K>, never>;
export declare function useCallResult<K extends Procedures>(
  procedure: K | Nothing, ...given: ResultArguments<Registered, K, CallResultOptions>
): CallResult<ResultOf<K>, undefined>;
export declare function useCallResult<R = any, U extends string = string>(
  procedure: Unnamed<U, Procedures> | Nothing, args: readonly unknown[] | undefined, options: CallResultOptions & { initial: R },
): CallResult<R, never>;
export declare function useCallResult<R = any, U extends string = string>(
  procedure: Unnamed<U, Procedures> | Nothing, ...given: AnyArguments<CallResultOptions>
): CallResult<R, undefined>;

/** What `useStream` gives. */
export interface Stream<P, Arguments extends unknown[], R> extends CallState<R | undefined> {
  /** The progressive results of the last call, the newest last. */
  readonly progress: readonly P[];
  /** Calls the procedure, and cancels the call before. */
  readonly call: (...given: Arguments) => Promise<R>;
  /** Cancels the call if it is running; `progress` stays. */
  readonly cancel: (reason?: unknown) => void;
}
/** How `useStream` calls, and how many progressive results it keeps. */
export type StreamHookOptions = Omit<StreamOptions, 'signal' | 'input'> & {
  /** Progressive results to keep. Default 100. */
  limit?: number;
};
/** Calls a procedure for progressive results when told to, and keeps the last `limit` of them (default 100). */
export declare function useStream<K extends Procedures>(
  procedure: K, options?: MayName<Registered, K, StreamHookOptions>,
): Stream<TypeOf<Registered, K, 'progress'>, CallArguments<Registered, K, StreamOptions>, ResultOf<K>>;
export declare function useStream<P = any, R = any, U extends string = string>(
  procedure: Unnamed<U, Procedures>, options?: StreamHookOptions,
): Stream<P, AnyArguments<StreamOptions>, R>;
