/**
 * Wamplex in Svelte 5 and 4: stores over a `Client` of `wamplex`.
 *
 * A store works while it is subscribed to, as with `$store` in a component; nothing happens on a server. Topics and
 * arguments may be stores themselves: other content makes them subscribe or call anew. In runes, `toStore(() => topic)`
 * of `svelte/store` makes a store of a state, and `fromStore(store).current` reads one.
 */
import type {
  CallOptions, Client, EventMessage, Handler, RegisterOptions, SessionInfo, State, StreamOptions, SubscribeOptions,
} from './index.js';

/** A store, as Svelte understands it. */
export interface Readable<T> {
  subscribe(this: void, run: (value: T) => void, invalidate?: () => void): () => void;
}
/** A value, or a store of such values. */
export type MaybeStore<T> = T | Readable<T>;

// ---- the client ---------------------------------------------------------------------

/** A topic or a procedure. Nothing is subscribed, registered or called where there is none. */
export type Name = string | null | undefined | false;

/** Gives this component and those inside their client, which stays open when the component goes; returns it. */
export declare function setClient(client: Client): Client;
/** The client of the nearest component that set one. Throws where there is none. */
export declare function getClient(): Client;
/** How the client is doing. */
export declare function connectionState(client: Client): Readable<State>;
/** The open session, or `null`. */
export declare function session(client: Client): Readable<SessionInfo | null>;

// ---- publish and subscribe ----------------------------------------------------------

/** How a subscription or registration is doing: `idle` without a name, `closed` after a failure or when the client is closed. */
export interface HeldState {
  readonly status: 'idle' | 'pending' | 'active' | 'closed';
  /** Why it could not be made. */
  readonly error: unknown;
}

/** `ongap` is called after the connection was lost and the subscription restored: events may have been missed. */
export type SubscriptionOptions = Omit<SubscribeOptions, 'signal'>;

/** What `subscription` holds. */
export interface Latest<T, Initial> extends HeldState {
  /** `data` of the last event, `initial` before the first. */
  readonly data: T | Initial;
  readonly event: EventMessage<T> | undefined;
}
/** The last event of a topic. With `getRetained` the router's retained one comes at once. */
export declare function subscription<T = any>(
  client: Client, topic: MaybeStore<Name>, options: SubscriptionOptions & { initial: T },
): Readable<Latest<T, T>>;
export declare function subscription<T = any>(
  client: Client, topic: MaybeStore<Name>, options?: SubscriptionOptions,
): Readable<Latest<T, undefined>>;

/** What `events` holds. */
export interface Events<T> extends HeldState {
  /** The newest last. */
  readonly events: readonly EventMessage<T>[];
}
/** The last `limit` events of a topic (default 100); `clear` forgets those that came so far. */
export declare function events<T = any>(
  client: Client, topic: MaybeStore<Name>, options?: SubscriptionOptions & { limit?: number },
): Readable<Events<T>> & { clear(): void };

/** Calls `handler` with each event while the component is there. To be used while a component is being made. */
export declare function useSubscription<T = any>(
  client: Client, topic: MaybeStore<Name>, handler: (event: EventMessage<T>) => unknown, options?: SubscriptionOptions,
): Readable<HeldState>;
/** Serves a procedure while the component is there. To be used while a component is being made. */
export declare function useRegistration(
  client: Client, procedure: MaybeStore<Name>, handler: Handler, options?: Omit<RegisterOptions, 'signal'>,
): Readable<HeldState>;

// ---- calls --------------------------------------------------------------------------

/** How calls are doing. */
export interface CallState<R> {
  /** The last answer. */
  readonly data: R;
  /** Why the last call failed, if it did. */
  readonly error: unknown;
  readonly pending: boolean;
}

/** What `call` makes. */
export interface Call<R> extends Readable<CallState<R | undefined>> {
  /**
   * Calls the procedure. The store tells of the call that was made last, whatever the order of the answers; the promise is
   * for who wants to wait, and need not be caught.
   */
  readonly call: (args?: readonly unknown[], options?: CallOptions) => Promise<R>;
  /** Cancels the calls that are running, as does the end of the last subscription to the store. */
  readonly cancel: (reason?: unknown) => void;
}
/** Calls a procedure when told to. */
export declare function call<R = any>(client: Client, procedure: string, options?: Omit<CallOptions, 'signal'>): Call<R>;

export interface CallResultOptions extends Omit<CallOptions, 'signal'> {
  /** Call again whenever a session opens again. */
  refreshOnReconnect?: boolean;
}
/** What `callResult` makes. */
export interface CallResult<R, Initial> extends Readable<CallState<R | Initial>> {
  /** Calls again. */
  readonly refresh: () => Promise<R>;
  /** Cancels the call if it is running. */
  readonly cancel: (reason?: unknown) => void;
}
/** Calls a procedure when the store is subscribed to, and again with other arguments. */
export declare function callResult<R = any>(
  client: Client, procedure: MaybeStore<Name>, args: MaybeStore<readonly unknown[] | undefined> | undefined,
  options: CallResultOptions & { initial: R },
): CallResult<R, R>;
export declare function callResult<R = any>(
  client: Client, procedure: MaybeStore<Name>, args?: MaybeStore<readonly unknown[] | undefined>, options?: CallResultOptions,
): CallResult<R, undefined>;

/** What `stream` holds. */
export interface StreamState<P, R> extends CallState<R | undefined> {
  /** The progressive results of the last call, the newest last. */
  readonly progress: readonly P[];
}
/** What `stream` makes. */
export interface Stream<P, R> extends Readable<StreamState<P, R>> {
  /** Calls the procedure, and cancels the call before. */
  readonly call: (args?: readonly unknown[], options?: StreamOptions) => Promise<R>;
  readonly cancel: (reason?: unknown) => void;
}
/** Calls a procedure for progressive results when told to, and keeps the last `limit` of them (default 100). */
export declare function stream<P = any, R = any>(
  client: Client, procedure: string, options?: Omit<StreamOptions, 'signal' | 'input'> & { limit?: number },
): Stream<P, R>;
