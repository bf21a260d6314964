/**
 * Wamplex in Vue 3: composables over a `Client` of `wamplex`.
 *
 * Nothing happens on a server, where all of them give what they begin with. Topics, procedures, arguments and options may
 * be references or getters: other content makes them subscribe or call anew. What they do ends with the component, or
 * with the scope that they are used in.
 */
import type { App, MaybeRefOrGetter, Ref } from 'vue';
import type {
  CallOptions, Client, EventMessage, Handler, RegisterOptions, SessionInfo, State, StreamOptions, SubscribeOptions,
} from './index.js';

// ---- the client ---------------------------------------------------------------------

/** A topic or a procedure. Nothing is subscribed, registered or called where there is none. */
export type Name = string | null | undefined | false;

/** A plugin that gives all components of an application their client: `app.use(createWamp({ client }))`. */
export declare function createWamp(options: { client: Client }): { install(app: App): void };
/** Gives this component and those inside their client, which stays open when the component goes. */
export declare function provideClient(client: Client): void;
/** The client of the nearest component that provides one, or of the application. Throws where there is none. */
export declare function useClient(): Client;
/** How the client is doing. */
export declare function useConnectionState(): Readonly<Ref<State>>;
/** The open session, or `null`. */
export declare function useSession(): Readonly<Ref<SessionInfo | null>>;

// ---- publish and subscribe ----------------------------------------------------------

/** How a subscription or registration is doing: `idle` without a name, `closed` after a failure or when the client is closed. */
export interface HeldRefs {
  readonly status: Readonly<Ref<'idle' | 'pending' | 'active' | 'closed'>>;
  /** Why it could not be made. */
  readonly error: Readonly<Ref<unknown>>;
}

/** `ongap` is called after the connection was lost and the subscription restored: events may have been missed. */
export type SubscriptionOptions = Omit<SubscribeOptions, 'signal'>;

/** Calls `handler` with each event while the component is there. */
export declare function useSubscription<T = any>(
  topic: MaybeRefOrGetter<Name>, handler: (event: EventMessage<T>) => unknown, options?: MaybeRefOrGetter<SubscriptionOptions>,
): HeldRefs;

/** What `useLatest` gives. */
export interface LatestRefs<T, Initial> extends HeldRefs {
  /** `data` of the last event, `initial` before the first. */
  readonly data: Readonly<Ref<T | Initial>>;
  readonly event: Readonly<Ref<EventMessage<T> | undefined>>;
}
/** The last event of a topic. With `getRetained` the router's retained one comes at once. */
export declare function useLatest<T = any>(
  topic: MaybeRefOrGetter<Name>, options: MaybeRefOrGetter<SubscriptionOptions & { initial: T }>,
): LatestRefs<T, T>;
export declare function useLatest<T = any>(
  topic: MaybeRefOrGetter<Name>, options?: MaybeRefOrGetter<SubscriptionOptions>,
): LatestRefs<T, undefined>;

/** What `useEvents` gives. */
export interface EventsRefs<T> extends HeldRefs {
  /** The newest last. */
  readonly events: Readonly<Ref<readonly EventMessage<T>[]>>;
  /** Forgets the events that came so far. */
  clear(): void;
}
/** The last `limit` events of a topic (default 100). */
export declare function useEvents<T = any>(
  topic: MaybeRefOrGetter<Name>, options?: MaybeRefOrGetter<SubscriptionOptions & { limit?: number }>,
): EventsRefs<T>;

/** Serves a procedure while the component is there. */
export declare function useRegistration(
  procedure: MaybeRefOrGetter<Name>, handler: Handler, options?: MaybeRefOrGetter<Omit<RegisterOptions, 'signal'>>,
): HeldRefs;

// ---- calls --------------------------------------------------------------------------

/** How calls are doing. */
export interface CallRefs<R> {
  /** The last answer. */
  readonly data: Readonly<Ref<R>>;
  /** Why the last call failed, if it did. */
  readonly error: Readonly<Ref<unknown>>;
  readonly pending: Readonly<Ref<boolean>>;
  /** Cancels the calls that are running, as does the end of the component. */
  cancel(reason?: unknown): void;
}

/** What `useCall` gives. */
export interface Call<R> extends CallRefs<R | undefined> {
  /**
   * Calls the procedure. The references tell of the call that was made last, whatever the order of the answers; the
   * promise is for who wants to wait, and need not be caught.
   */
  call(args?: readonly unknown[], options?: CallOptions): Promise<R>;
}
/** Calls a procedure when told to. */
export declare function useCall<R = any>(
  procedure: MaybeRefOrGetter<string>, options?: MaybeRefOrGetter<Omit<CallOptions, 'signal'>>,
): Call<R>;

export interface CallResultOptions extends Omit<CallOptions, 'signal'> {
  /** Call again whenever a session opens again. */
  refreshOnReconnect?: boolean;
}
/** What `useCallResult` gives. */
export interface CallResult<R, Initial> extends CallRefs<R | Initial> {
  /** Calls again. */
  refresh(): Promise<R>;
}
/** Calls a procedure when the component appears, and again with other arguments, which may be references themselves. */
export declare function useCallResult<R = any>(
  procedure: MaybeRefOrGetter<Name>, args: MaybeRefOrGetter<readonly unknown[] | undefined> | undefined,
  options: MaybeRefOrGetter<CallResultOptions & { initial: R }>,
): CallResult<R, R>;
export declare function useCallResult<R = any>(
  procedure: MaybeRefOrGetter<Name>, args?: MaybeRefOrGetter<readonly unknown[] | undefined>,
  options?: MaybeRefOrGetter<CallResultOptions>,
): CallResult<R, undefined>;

/** What `useStream` gives. */
export interface Stream<P, R> extends CallRefs<R | undefined> {
  /** The progressive results of the last call, the newest last. */
  readonly progress: Readonly<Ref<readonly P[]>>;
  /** Calls the procedure, and cancels the call before. */
  call(args?: readonly unknown[], options?: StreamOptions): Promise<R>;
}
/** Calls a procedure for progressive results when told to, and keeps the last `limit` of them (default 100). */
export declare function useStream<P = any, R = any>(
  procedure: MaybeRefOrGetter<string>, options?: MaybeRefOrGetter<Omit<StreamOptions, 'signal' | 'input'> & { limit?: number }>,
): Stream<P, R>;
