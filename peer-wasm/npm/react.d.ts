/**
 * Wamplex in React 18 and 19: hooks over a `Client` of `wamplex`.
 *
 * Nothing happens on a server, where all of them give what they begin with. What is given to them by value (topics,
 * procedures, arguments, options) may be written in place: only other content makes them subscribe or call anew.
 * Handlers may be other functions each time; the last one is called.
 */
import type { ReactElement, ReactNode } from 'react';
import type {
  CallOptions, Client, ClientOptions, EndpointInput, EventMessage, Handler, RegisterOptions, SessionInfo, State, StreamOptions,
  SubscribeOptions,
} from './index.js';

// ---- the client ---------------------------------------------------------------------

/** A topic or a procedure. Nothing is subscribed, registered or called where there is none. */
export type Name = string | null | undefined | false;

/** A client made elsewhere, which stays open when the component goes. */
export interface SharedClientProps {
  client: Client;
  children?: ReactNode;
}
/**
 * A client that connects when the component appears and is closed when it goes. Another `url` or realm makes another one;
 * for other changes of `options` give the component another `key`.
 */
export interface OwnClientProps {
  client?: undefined;
  url: EndpointInput;
  options: ClientOptions;
  children?: ReactNode;
}
/** Gives the components inside their client. */
export declare function WampProvider(props: SharedClientProps | OwnClientProps): ReactElement;
/** The same for clients that were made elsewhere only: leaves out of the bundle the client that `WampProvider` would make. */
export declare function ClientProvider(props: SharedClientProps): ReactElement;

/** The client of the nearest provider. Throws where there is none. */
export declare function useClient(): Client;
/** How the client is doing; `idle` on servers. */
export declare function useConnectionState(): State;
/** The open session, or `null`. */
export declare function useSession(): SessionInfo | null;

// ---- publish and subscribe ----------------------------------------------------------

/** How a subscription or registration is doing: `idle` without a name, `closed` after a failure or when the client is closed. */
export interface HeldState {
  readonly status: 'idle' | 'pending' | 'active' | 'closed';
  /** Why it could not be made. */
  readonly error: unknown;
}

/** `ongap` is called after the connection was lost and the subscription restored: events may have been missed. */
export type SubscriptionOptions = Omit<SubscribeOptions, 'signal'>;

/** Calls `handler` with each event while the component is shown. */
export declare function useSubscription<T = any>(
  topic: Name, handler: (event: EventMessage<T>) => unknown, options?: SubscriptionOptions,
): HeldState;

/** What `useLatest` gives. */
export interface Latest<T, Initial> extends HeldState {
  /** `data` of the last event, `initial` before the first. */
  readonly data: T | Initial;
  readonly event: EventMessage<T> | undefined;
}
/** The last event of a topic. With `getRetained` the router's retained one comes at once. */
export declare function useLatest<T = any>(topic: Name, options: SubscriptionOptions & { initial: T }): Latest<T, T>;
export declare function useLatest<T = any>(topic: Name, options?: SubscriptionOptions): Latest<T, undefined>;

/** What `useEvents` gives. */
export interface Events<T> extends HeldState {
  /** The newest last. */
  readonly events: readonly EventMessage<T>[];
  /** Forgets the events that came so far. */
  readonly clear: () => void;
}
/** The last `limit` events of a topic (default 100). */
export declare function useEvents<T = any>(topic: Name, options?: SubscriptionOptions & { limit?: number }): Events<T>;

/** Serves a procedure while the component is shown. */
export declare function useRegistration(procedure: Name, handler: Handler, options?: Omit<RegisterOptions, 'signal'>): HeldState;

// ---- calls --------------------------------------------------------------------------

/** How calls are doing. */
export interface CallState<R> {
  /** The last answer. */
  readonly data: R | undefined;
  /** Why the last call failed, if it did. */
  readonly error: unknown;
  readonly pending: boolean;
}

/** What `useCall` gives. Its functions are always the same. */
export interface Call<R> extends CallState<R> {
  /**
   * Calls the procedure. The state tells of the call that was made last, whatever the order of the answers; the promise
   * is for who wants to wait, and need not be caught.
   */
  readonly call: (args?: readonly unknown[], options?: CallOptions) => Promise<R>;
  /** Cancels the calls that are running, as does the end of the component. */
  readonly cancel: (reason?: unknown) => void;
}
/** Calls a procedure when told to. */
export declare function useCall<R = any>(procedure: string, options?: Omit<CallOptions, 'signal'>): Call<R>;

export interface CallResultOptions extends Omit<CallOptions, 'signal'> {
  /** Call again whenever a session opens again. */
  refreshOnReconnect?: boolean;
}
/** What `useCallResult` gives. */
export interface CallResult<R, Initial> {
  /** The answer, `initial` before it came. */
  readonly data: R | Initial;
  /** Why the last call failed, if it did. */
  readonly error: unknown;
  readonly pending: boolean;
  /** Calls again. */
  readonly refresh: () => Promise<R>;
  /** Cancels the call if it is running. */
  readonly cancel: (reason?: unknown) => void;
}
/** Calls a procedure when the component appears, and again with other arguments. */
export declare function useCallResult<R = any>(
  procedure: Name, args: readonly unknown[] | undefined, options: CallResultOptions & { initial: R },
): CallResult<R, R>;
export declare function useCallResult<R = any>(
  procedure: Name, args?: readonly unknown[], options?: CallResultOptions,
): CallResult<R, undefined>;

/** What `useStream` gives. */
export interface Stream<P, R> extends CallState<R> {
  /** The progressive results of the last call, the newest last. */
  readonly progress: readonly P[];
  /** Calls the procedure, and cancels the call before. */
  readonly call: (args?: readonly unknown[], options?: StreamOptions) => Promise<R>;
  readonly cancel: (reason?: unknown) => void;
}
/** Calls a procedure for progressive results when told to, and keeps the last `limit` of them (default 100). */
export declare function useStream<P = any, R = any>(
  procedure: string, options?: Omit<StreamOptions, 'signal' | 'input'> & { limit?: number },
): Stream<P, R>;
