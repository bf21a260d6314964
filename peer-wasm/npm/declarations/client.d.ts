import type { CallOptions, CallStream, Result, StreamOptions } from './calls.js';
import type { ClientOptions, CloseOptions, EndpointInput, SessionInfo, State, TraceDetail } from './connection.js';
import type {
  Concrete, Contract, ContractOption, Definitions, HasParams, ParamsIn, Pattern, PatternOptions, ProcedureUri, TopicUri, TypeOf, Untyped,
} from './contract.js';
import type { WampError } from './errors.js';
import type { EventIterator, EventMessage, PublishOptions, SubscribeOptions, Subscription } from './events.js';
import type { Meta } from './meta.js';
import type { Handler, RegisterOptions, Registration } from './procedures.js';
import type { AbortSignalType, CustomEventType, Disposable } from './runtime.js';
import type { Payload } from './values.js';

/** The events of a client, by name. */
export interface ClientEventMap {
  statechange: CustomEventType<{ readonly state: State; readonly previous: State }>;
  /** A session opened. */
  open: CustomEventType<SessionInfo>;
  /** An open session ended without `close()` being called. */
  sessionlost: CustomEventType<{ readonly cause: WampError }>;
  /** The client will try to connect again, for the `attempt`th time, in `delay` milliseconds. */
  reconnecting: CustomEventType<{ readonly attempt: number; readonly delay: number; readonly cause: WampError }>;
  /** The client is closed; `cause` is missing after `close()`. */
  close: CustomEventType<{ readonly cause?: WampError }>;
  /** Something failed that no promise tells. Printed with `console.error` unless `preventDefault()` is called. */
  error: CustomEventType<{ readonly error: unknown; readonly where: 'handler' | 'contract' | 'resubscribe' | 'reregister' }>;
  /** A buffer is full, and messages are being dropped. */
  slowconsumer: CustomEventType<{ readonly topic: string; readonly buffered: number; readonly dropped: number }>;
  /** A message was sent or received. Costs time while anybody listens. */
  trace: CustomEventType<TraceDetail>;
}

interface ListenerOptions {
  capture?: boolean;
  once?: boolean;
  passive?: boolean;
  signal?: AbortSignalType;
}

/** The rest of the parameters of a method: what there is to send, unless that may be nothing, and the options. */
type Rest<C, K extends string, Sent, Options, Nothing> = HasParams<C, K> extends true
  ? [given: Sent, options: Concrete<C, K, Options>]
  : Nothing extends Sent ? [given?: Sent, options?: Options] : [given: Sent, options?: Options];
/** Options that are needed where the URI has parameters. */
type PatternRest<C, K extends string, Options> = HasParams<C, K> extends true
  ? [options: Pattern<C, K, Options>]
  : [options?: Options];
type EventOf<C, K extends keyof C & string> = EventMessage<TypeOf<C, K, 'data'>, ParamsIn<C, K>>;
type SubscriptionOf<C, K extends keyof C & string> = Subscription<TypeOf<C, K, 'data'>, ParamsIn<C, K>>;
type HandlerOf<C, K extends keyof C & string> =
  Handler<TypeOf<C, K, 'args'>, TypeOf<C, K, 'resultSent'>, TypeOf<C, K, 'progressSent'>, ParamsIn<C, K>>;

export interface Client<C extends Definitions = Untyped> extends Disposable {}
/**
 * A WAMP client: one session with a router at a time, and another one when that is lost. Subscriptions and registrations
 * outlive sessions. All methods wait for a session to open.
 *
 * `C` is a contract. Without one every URI can be used, with whatever arguments.
 */
export declare class Client<C extends Definitions = Untyped> {
  /** Does not connect yet: the first request does, or `connect()`. */
  constructor(endpoint: EndpointInput, options: ClientOptions & ContractOption<C>);
  readonly state: State;
  /** The open session, or `null`. */
  readonly session: SessionInfo | null;

  /**
   * Opens a session, or returns the one that is open; between two attempts, the next one is made at once. Rejects when
   * the client gives up, and after `timeout` milliseconds, for which the client does not give up.
   */
  connect(options?: { timeout?: number }): Promise<SessionInfo>;
  /** Resolves when a session is open; connects if nothing has been tried yet. Rejects when the client is closed. */
  ready(options?: { signal?: AbortSignalType }): Promise<SessionInfo>;
  /** Says GOODBYE and closes. Never rejects. */
  close(options?: CloseOptions): Promise<void>;
  /** The same client, on the same session, seen through another contract. */
  withContract<D extends Definitions>(contract: Contract<D>): Client<D>;

  /** Calls a procedure; resolves to the first positional result. */
  call<K extends ProcedureUri<C>>(procedure: K, ...rest: Rest<C, K, Readonly<TypeOf<C, K, 'argsSent'>>, CallOptions, readonly []>): Promise<TypeOf<C, K, 'result'>>;
  /** Calls a procedure, whether the contract has it or not; resolves to all of the RESULT. */
  callRaw(procedure: string, payload?: readonly unknown[] | Payload, options?: CallOptions): Promise<Result>;
  /** Calls a procedure for progressive results. */
  stream<K extends ProcedureUri<C>>(
    procedure: K, ...rest: Rest<C, K, Readonly<TypeOf<C, K, 'argsSent'>>, StreamOptions, readonly []>
  ): CallStream<TypeOf<C, K, 'progress'>, TypeOf<C, K, 'result'>>;
  /** Offers a procedure. */
  register<K extends ProcedureUri<C>>(procedure: K, handler: HandlerOf<C, K>, ...rest: PatternRest<C, K, RegisterOptions>): Promise<Registration>;

  /** Publishes an event with `data` as its first positional argument (none if `undefined`). */
  publish<K extends TopicUri<C>>(
    topic: K, ...rest: Rest<C, K, TypeOf<C, K, 'sent'>, PublishOptions, undefined>
  ): Promise<{ readonly publication: number } | undefined>;
  /** Subscribes to a pattern, whether the contract has it or not. */
  subscribe(pattern: string, options: PatternOptions): Promise<Subscription>;
  subscribe(pattern: string, handler: (event: EventMessage<any>) => unknown, options: PatternOptions): Promise<Subscription>;
  /** Subscribes without a handler: iterate the subscription. */
  subscribe<K extends TopicUri<C>>(topic: K, ...rest: PatternRest<C, K, SubscribeOptions>): Promise<SubscriptionOf<C, K>>;
  /** Subscribes a handler. Events reach it one after another: the next waits for the promise it returned. */
  subscribe<K extends TopicUri<C>>(
    topic: K, handler: (event: EventOf<C, K>) => unknown, ...rest: PatternRest<C, K, SubscribeOptions>
  ): Promise<SubscriptionOf<C, K>>;
  /** Events as an iterator that subscribes by itself. */
  events(pattern: string, options: PatternOptions): EventIterator;
  events<K extends TopicUri<C>>(topic: K, ...rest: PatternRest<C, K, SubscribeOptions>): EventIterator<TypeOf<C, K, 'data'>, ParamsIn<C, K>>;

  /** What the router knows of sessions, registrations and subscriptions. */
  readonly meta: Meta;

  addEventListener<K extends keyof ClientEventMap>(type: K, listener: (event: ClientEventMap[K]) => void, options?: boolean | ListenerOptions): void;
  addEventListener(type: string, listener: any, options?: any): void;
  removeEventListener<K extends keyof ClientEventMap>(type: K, listener: (event: ClientEventMap[K]) => void, options?: boolean | ListenerOptions): void;
  removeEventListener(type: string, listener: any, options?: any): void;
  dispatchEvent(event: any): boolean;
}

/** Makes a client and opens its session; rejects, and closes it, if there is none within `connectTimeout`. */
export declare function connect<C extends Definitions = Untyped>(
  endpoint: EndpointInput, options: ClientOptions & ContractOption<C>,
): Promise<Client<C>>;

export {};
