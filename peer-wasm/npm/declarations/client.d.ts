import type { CallOptions, CallStream, Result, StreamOptions } from './calls.js';
import type { ClientOptions, CloseOptions, EndpointInput, SessionInfo, State, TraceDetail } from './connection.js';
import type {
  Concrete, Contract, ContractOption, Definitions, HasParams, Named, NeedsOptions, ParamsIn, Pattern, PatternOptions, ProcedureUri,
  Results, TopicUri, TypeOf, Untyped,
} from './contract.js';
import type { WampError } from './errors.js';
import type { EventIterator, EventMessage, PublishOptions, SubscribeOptions, Subscription } from './events.js';
import type { Meta } from './meta.js';
import type { Handler, RegisterOptions, Registration } from './procedures.js';
import type { AbortSignalType, CustomEventType, Disposable } from './runtime.js';
import type { Payload } from './values.js';

/**
 * The events of a client, by name; each has its say in `detail`.
 *
 * ```ts
 * client.addEventListener('reconnecting', ({ detail }) => console.log(`attempt ${detail.attempt} in ${detail.delay} ms`));
 * ```
 */
export interface ClientEventMap {
  /** `Client.state` is another one. */
  statechange: CustomEventType<{ readonly state: State; readonly previous: State }>;
  /** A session opened. */
  open: CustomEventType<SessionInfo>;
  /** An open session ended without `close()` being called; what was under way rejects with a `ConnectionLostError`. */
  sessionlost: CustomEventType<{ readonly cause: WampError }>;
  /**
   * The client will try to connect again, for the `attempt`th time since the last session that lasted, in `delay` milliseconds;
   * `connect()` tries at once.
   */
  reconnecting: CustomEventType<{ readonly attempt: number; readonly delay: number; readonly cause: WampError }>;
  /** The client is closed; `cause` is missing after `close()`. */
  close: CustomEventType<{ readonly cause?: WampError }>;
  /**
   * Something failed that no promise tells: a handler threw, an event does not fit the contract, or a subscription or registration
   * could not be restored and is closed. Printed with `console.error` unless `preventDefault()` is called.
   */
  error: CustomEventType<{ readonly error: unknown; readonly where: 'handler' | 'contract' | 'resubscribe' | 'reregister' }>;
  /**
   * Messages are being dropped. By the `client`, because a buffer is full: told once for each congestion; `topic` may be a procedure, for
   * progressive results. Or by the `router`, because this session does not take its messages as fast as they come: told whenever a
   * Wamplex router says so, before the event that it says it with. `dropped` is what the subscription or call has lost so far.
   */
  slowconsumer: CustomEventType<{
    readonly topic: string; readonly buffered: number; readonly dropped: number; readonly by: 'client' | 'router';
  }>;
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
type Rest<C, K extends keyof C & string, Sent, Options, Nothing> = NeedsOptions<C, K> extends true
  ? [given: Sent, options: Concrete<C, K, Named<C, K, Options>>]
  : Nothing extends Sent ? [given?: Sent, options?: Named<C, K, Options>] : [given: Sent, options?: Named<C, K, Options>];
/** Options that are needed where the URI has parameters. */
type PatternRest<C, K extends string, Options> = HasParams<C, K> extends true
  ? [options: Pattern<C, K, Options>]
  : [options?: Options];
type EventOf<C, K extends keyof C & string> = EventMessage<TypeOf<C, K, 'data'>, ParamsIn<C, K>, TypeOf<C, K, 'kwargs'>>;
type SubscriptionOf<C, K extends keyof C & string> = Subscription<TypeOf<C, K, 'data'>, ParamsIn<C, K>, TypeOf<C, K, 'kwargs'>>;
type HandlerOf<C, K extends keyof C & string> = Handler<
  TypeOf<C, K, 'args'>, TypeOf<C, K, 'resultSent'>, TypeOf<C, K, 'progressSent'>, ParamsIn<C, K>,
  TypeOf<C, K, 'kwargs'>, Results<C, K>
>;

export interface Client<C extends Definitions = Untyped> extends Disposable {}
/**
 * A WAMP client: one session with a router at a time, and another one when that is lost. Subscriptions and registrations
 * outlive sessions. All methods wait for a session to open.
 *
 * `C` is a contract. Without one every URI can be used, with whatever arguments.
 */
export declare class Client<C extends Definitions = Untyped> {
  /**
   * Does not connect yet: the first request does, or `connect()`. Throws a `TypeError` without a realm, for addresses and
   * serializers that are none, and for numbers that are negative or `NaN`.
   */
  constructor(endpoint: EndpointInput, options: ClientOptions & ContractOption<C>);
  /** What the client is doing about its session; see `State`. */
  readonly state: State;
  /** The open session, or `null`. Another object after each reconnect. */
  readonly session: SessionInfo | null;

  /**
   * Opens a session, or returns the one that is open; between two attempts, the next one is made at once. A client that is closed
   * opens again. Rejects when the client gives up, with the cause, and after `timeout` milliseconds (default 0: no limit), for which
   * the client does not give up.
   */
  connect(options?: { timeout?: number }): Promise<SessionInfo>;
  /**
   * Resolves when a session is open; connects if nothing has been tried yet. Rejects when the client gives up or is closed, and with
   * `signal.reason`.
   */
  ready(options?: { signal?: AbortSignalType }): Promise<SessionInfo>;
  /**
   * Says GOODBYE and closes, whatever the client is doing ("WAMP: Session Closing"). What is pending rejects with a
   * `ConnectionLostError`. Never rejects.
   */
  close(options?: CloseOptions): Promise<void>;
  /** The same client, on the same session, seen through another contract. */
  withContract<D extends Definitions>(contract: Contract<D>): Client<D>;

  /**
   * Calls a procedure; resolves to the first positional result ("WAMP: Calling and Invocations").
   *
   * Rejects with a `WampError` that the callee or the router sent, a `TimeoutError`, a `ConnectionLostError`, a `ValidationError`,
   * the reason of an aborted signal, or a `TypeError` for what cannot be sent and for options that there are not.
   *
   * ```ts
   * const sum = await client.call('com.example.add2', [2, 3]);
   * ```
   */
  call<K extends ProcedureUri<C>>(procedure: K, ...rest: Rest<C, K, Readonly<TypeOf<C, K, 'argsSent'>>, CallOptions, readonly []>): Promise<TypeOf<C, K, 'result'>>;
  /**
   * Calls a procedure, whether the contract has it or not; resolves to all of the RESULT. Rejects as `call` does.
   *
   * ```ts
   * const { args, kwargs } = await client.callRaw('com.example.search', { args: ['x'], kwargs: { limit: 3 } });
   * ```
   */
  callRaw(procedure: string, payload?: readonly unknown[] | Payload, options?: CallOptions): Promise<Result>;
  /**
   * Calls a procedure for progressive results ("WAMP: Progressive Call Results"). Throws nothing: `CallStream.result` tells.
   */
  stream<K extends ProcedureUri<C>>(
    procedure: K, ...rest: Rest<C, K, Readonly<TypeOf<C, K, 'argsSent'>>, StreamOptions, readonly []>
  ): CallStream<TypeOf<C, K, 'progress'>, TypeOf<C, K, 'result'>, TypeOf<C, K, 'resultKwargs'>>;
  /**
   * Offers a procedure, on this session and on those to come ("WAMP: Registering and Unregistering"). Rejects with the `WampError`
   * of the router, such as `wamp.error.procedure_already_exists`.
   *
   * What serves procedures is a part of its own, which is loaded when this is called first: until it resolves for the first time,
   * REGISTER may go after messages that are sent later in the same turn. If the part cannot be loaded, it rejects with a
   * `ConnectionLostError`.
   *
   * ```ts
   * await client.register('com.example.count', async function* ([n]: [number]) {
   *   for (let i = 0; i < n; i++) yield i;   // progressive results
   *   return 'done';
   * });
   * ```
   */
  register<K extends ProcedureUri<C>>(procedure: K, handler: HandlerOf<C, K>, ...rest: PatternRest<C, K, RegisterOptions>): Promise<Registration>;

  /**
   * Publishes an event with `data` as its first positional argument (none if `undefined`; "WAMP: Publishing and Events").
   *
   * Without `acknowledge` it resolves to nothing when the event is on its way, and rejects only if it cannot be sent. With it,
   * rejects with the `WampError` of the router.
   */
  publish<K extends TopicUri<C>>(
    topic: K, ...rest: Rest<C, K, TypeOf<C, K, 'sent'>, PublishOptions, undefined>
  ): Promise<{ readonly publication: number } | undefined>;
  /** Subscribes to a pattern, whether the contract has it or not: iterate the subscription. */
  subscribe(pattern: string, options: PatternOptions): Promise<Subscription>;
  /** Subscribes a handler to a pattern, whether the contract has it or not. */
  subscribe(pattern: string, handler: (event: EventMessage<any>) => unknown, options: PatternOptions): Promise<Subscription>;
  /**
   * Subscribes without a handler: iterate the subscription ("WAMP: Subscribing and Unsubscribing"). Rejects with the `WampError` of
   * the router, such as `wamp.error.not_authorized`.
   */
  subscribe<K extends TopicUri<C>>(topic: K, ...rest: PatternRest<C, K, SubscribeOptions>): Promise<SubscriptionOf<C, K>>;
  /**
   * Subscribes a handler. Events reach it one after another, in order: the next waits for the promise it returned.
   *
   * ```ts
   * await client.subscribe('com.example.tick', ({ data, topic }) => console.log(topic, data));
   * ```
   */
  subscribe<K extends TopicUri<C>>(
    topic: K, handler: (event: EventOf<C, K>) => unknown, ...rest: PatternRest<C, K, SubscribeOptions>
  ): Promise<SubscriptionOf<C, K>>;
  /** Events of a pattern, whether the contract has it or not, as an iterator that subscribes by itself. */
  events(pattern: string, options: PatternOptions): EventIterator;
  /**
   * Events as an iterator that subscribes on its first `next()` and unsubscribes when the loop ends.
   *
   * ```ts
   * for await (const { data } of client.events('com.example.tick', { signal })) console.log(data);
   * ```
   */
  events<K extends TopicUri<C>>(topic: K, ...rest: PatternRest<C, K, SubscribeOptions>): EventIterator<TypeOf<C, K, 'data'>, ParamsIn<C, K>, TypeOf<C, K, 'kwargs'>>;

  /** What the router knows of sessions, registrations and subscriptions. */
  readonly meta: Meta;

  /** Listens to an event of the client; see `ClientEventMap`. */
  addEventListener<K extends keyof ClientEventMap>(type: K, listener: (event: ClientEventMap[K]) => void, options?: boolean | ListenerOptions): void;
  /** As every `EventTarget` does. */
  addEventListener(type: string, listener: any, options?: any): void;
  /** Listens no longer. */
  removeEventListener<K extends keyof ClientEventMap>(type: K, listener: (event: ClientEventMap[K]) => void, options?: boolean | ListenerOptions): void;
  /** As every `EventTarget` does. */
  removeEventListener(type: string, listener: any, options?: any): void;
  /** As every `EventTarget` does. The client dispatches its own events by itself. */
  dispatchEvent(event: any): boolean;
}

/**
 * Makes a client and opens its session. Tries again and again for `connectTimeout` (default 10 s), then rejects with what the last
 * attempt failed of, and closes the client; what will not get better (a refusal, an unknown realm, no such address) rejects at once.
 *
 * ```ts
 * const client = await connect('wss://example.com/ws', { realm: 'realm1' });
 * ```
 */
export declare function connect<C extends Definitions = Untyped>(
  endpoint: EndpointInput, options: ClientOptions & ContractOption<C>,
): Promise<Client<C>>;

export {};
