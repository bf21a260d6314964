/**
 * Wamplex: a WAMP v2 client for browsers, Node, Deno, Bun and workers.
 *
 * These declarations need nothing but `lib: ["es2022"]`. Where the consumer's own
 * libraries know `AbortSignal`, `WebSocket`, `CustomEvent`, `ReadableStream` or
 * `Symbol.asyncDispose`, the real types are used.
 */

// ---- what the surrounding libraries may or may not know ---------------------

/** The instance type of a global class where the consumer has it, else `Fallback`. */
type GlobalOr<Name extends string, Fallback> = typeof globalThis extends { readonly [K in Name]: { prototype: infer T } }
  ? T
  : Fallback;

interface MinimalAbortSignal {
  readonly aborted: boolean;
  readonly reason: any;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: (event: any) => void, options?: any): void;
  removeEventListener(type: 'abort', listener: (event: any) => void, options?: any): void;
}

interface MinimalEvent<Detail> {
  readonly type: string;
  readonly detail: Detail;
  readonly defaultPrevented: boolean;
  preventDefault(): void;
}

interface MinimalReadableStream<T> extends AsyncIterable<T> {
  cancel(reason?: any): Promise<void>;
  getReader(): { read(): Promise<{ done: false; value: T } | { done: true; value?: T | undefined }>; cancel(reason?: any): Promise<void>; releaseLock(): void };
}

type AbortSignalType = GlobalOr<'AbortSignal', MinimalAbortSignal>;
type CryptoKeyType = GlobalOr<'CryptoKey', { readonly type: string; readonly extractable: boolean }>;
type CustomEventType<Detail> = typeof globalThis extends { CustomEvent: { prototype: infer E } }
  ? Omit<E, 'detail'> & { readonly detail: Detail }
  : MinimalEvent<Detail>;
type ReadableStreamType<T> = GlobalOr<'ReadableStream', MinimalReadableStream<T>> & AsyncIterable<T>;

/** `{ [Symbol.asyncDispose](): Promise<void> }` where that symbol is known, else nothing. */
type Disposable = SymbolConstructor extends { readonly asyncDispose: infer S extends symbol }
  ? { [K in S]: () => Promise<void> }
  : {};

/** Anything that prints as a URL: a string or a `URL`. */
export type UrlLike = string | { readonly href: string };

/** The part of the `WebSocket` interface that the client uses. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly protocol: string;
  readonly bufferedAmount: number;
  onopen: ((event: any) => any) | null;
  onmessage: ((event: any) => any) | null;
  onclose: ((event: any) => any) | null;
  onerror: ((event: any) => any) | null;
  send(data: any): void;
  close(code?: number, reason?: string): void;
}

/** A compiled module, its bytes, a URL or a `Response` to compile it from, or a promise of one of these. */
export type WasmSource = string | object;

// ---- values -----------------------------------------------------------------

/** What arrives in `args` and `kwargs`. Integers outside ±2^53 are `bigint`, binary is `Uint8Array`. */
export type Value = null | boolean | number | bigint | string | Uint8Array | readonly Value[] | { readonly [key: string]: Value };
/** Named arguments. */
export type Kwargs = { readonly [name: string]: any };
/** Positional and named arguments. */
export interface Payload {
  readonly args?: readonly unknown[];
  readonly kwargs?: Kwargs;
}

// ---- connecting ---------------------------------------------------------------

/** Name of a serializer; the WebSocket subprotocol is `wamp.2.` followed by it. */
export type SerializerName = 'json' | 'msgpack' | 'cbor';

/** One address of a router. */
export interface Endpoint {
  readonly url: UrlLike;
  /** Serializers to offer here, in order of preference; default: those of the client. */
  readonly serializers?: readonly SerializerName[];
}

/** Where to connect: one address, or several that are tried in order. */
export type EndpointInput = UrlLike | Endpoint | readonly (UrlLike | Endpoint)[];

/** How a client behaves. */
export interface ClientOptions {
  /** The realm to join. */
  realm: string;
  /** How to prove who we are, in order of preference. Default: `auth.anonymous()`. */
  auth?: Authenticator | readonly Authenticator[];
  /** Serializers to offer, in order of preference. Default: `['cbor', 'msgpack', 'json']`. */
  serializers?: readonly SerializerName[];
  /** Milliseconds that one attempt to connect and join may take, and the function `connect` in all. Default 10 000; 0 means no limit. */
  connectTimeout?: number;
  /** When to connect again after the connection, or the attempt to make one, has failed. `false`: never. */
  reconnect?: ReconnectPolicy | false;
  /** How connections are noticed that died without a word. `false`: not at all. */
  heartbeat?: Heartbeat | false;
  /** What happens to requests while there is no session. */
  whenDisconnected?: WhenDisconnected;
  /** Default for `CallOptions.timeout`, in milliseconds. Default 0: no limit. */
  callTimeout?: number;
  /**
   * How integers arrive. `auto`: as `number` within ±2^53 and as `bigint` beyond; `always`: as `bigint`;
   * `never`: as `number`, inexact beyond ±2^53. A `bigint` given to the client is always sent as an integer.
   */
  bigint?: 'auto' | 'always' | 'never';
  /** Makes the WebSocket: to add headers in Node, or for tests. */
  webSocket?(url: string, protocols: string[]): WebSocketLike | Promise<WebSocketLike>;
  /** The WebAssembly module to use instead of the one that came with the entry point. Required by `wamplex/slim`. */
  wasm?: WasmSource | Promise<WasmSource>;
  /** Closes the client when aborted. */
  signal?: AbortSignalType;
  /** `true` prints every message with `console.debug`; a function receives them. */
  debug?: boolean | ((line: TraceDetail) => void);
}

/** When to connect again. Sessions that the router refused for good, or ended on purpose, are not opened again. */
export interface ReconnectPolicy {
  /** Milliseconds before the second attempt, at most. Default 500. */
  readonly initialDelay?: number;
  /** Milliseconds between two attempts, at most. Default 30 000. */
  readonly maxDelay?: number;
  /** How the delay grows from attempt to attempt. Default 2. */
  readonly factor?: number;
  /** `full`: any delay up to the one computed, so that not all clients come back at once; `none`; or a share of it, such as 0.1 for ±10 %. Default `full`. */
  readonly jitter?: 'full' | 'none' | number;
  /** Attempts that may fail one after another. Default: no limit. */
  readonly maxAttempts?: number;
  /**
   * Decides instead of the client: `false` gives up, `true` tries again after the usual delay, a number after that many
   * milliseconds. May take its time, to ask the user for instance; `client.connect()` tries at once.
   */
  retry?(cause: WampError, attempt: number): boolean | number | Promise<boolean | number>;
}

/** Whatever arrives is a sign of life; after a silence the client asks the router for one. */
export interface Heartbeat {
  /** Milliseconds of silence before it asks. Default 20 000. */
  readonly interval?: number;
  /** Milliseconds that the answer may take before the connection is given up. Default 10 000. */
  readonly timeout?: number;
}

/** What happens to requests while there is no session. */
export interface WhenDisconnected {
  /** `wait` for the next session, for as long as their timeout allows, or `throw` at once. Default `wait`. */
  readonly call?: 'wait' | 'throw';
  /** `queue` for the next session, `throw`, or `drop` if no acknowledgement is wanted. Default `queue`. */
  readonly publish?: 'queue' | 'throw' | 'drop';
  /** Requests that may wait, of all kinds together. Default 1024. */
  readonly queueLimit?: number;
}

/** How to end the session. */
export interface CloseOptions {
  /** GOODBYE.Reason. Default `wamp.close.normal`. */
  readonly reason?: string;
  readonly message?: string;
  /**
   * First take nothing new (unsubscribe, unregister) and finish what has begun: handlers, calls on either side. A number
   * is the limit in milliseconds, `true` means 30 000. Default `false`.
   */
  readonly drain?: boolean | number;
}

/** One WAMP message as it was sent or received; signatures of AUTHENTICATE are masked. */
export interface TraceDetail {
  readonly dir: 'tx' | 'rx';
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Size of the message on the wire. */
  readonly bytes: number;
  /** The message: its code first. */
  readonly message: readonly unknown[];
}

/** What the router told us when the session opened. */
export interface SessionInfo {
  readonly id: number;
  readonly realm: string;
  readonly authid: string;
  readonly authrole: string;
  readonly authmethod: string;
  readonly authprovider?: string;
  readonly authextra: Readonly<Record<string, any>>;
  readonly serializer: SerializerName;
  readonly url: string;
  /** All of WELCOME.Details, as received. */
  readonly details: Readonly<Record<string, any>>;
  /** Whether the router announced a feature, such as `supports('dealer', 'call_canceling')`. */
  supports(role: 'broker' | 'dealer', feature: string): boolean;
}

/**
 * `idle` before the first attempt, `reconnecting` from the loss of a session, or a failed attempt, until there is another
 * one, `closed` when nobody tries any more.
 */
export type State = 'idle' | 'connecting' | 'open' | 'reconnecting' | 'closed';

// ---- authentication -----------------------------------------------------------

/** A CHALLENGE of the router. */
export interface Challenge {
  readonly method: string;
  readonly extra: Readonly<Record<string, any>>;
}
/** The answer to a CHALLENGE. */
export interface AuthResponse {
  readonly signature: string;
  readonly extra?: Readonly<Record<string, unknown>>;
}
/** A secret, or a function that is asked for it each time it is needed. */
export type Secret = string | (() => string | Promise<string>);
/** One attempt to open a session: the same object from HELLO to WELCOME, and another one for the next attempt. */
export interface AuthContext {
  /** Counts from 1. */
  readonly attempt: number;
  /** Aborted when the attempt is given up. */
  readonly signal: AbortSignalType;
}
/** What the router said in WELCOME. */
export interface Welcome {
  readonly authextra: Readonly<Record<string, any>>;
  /** All of WELCOME.Details. */
  readonly details: Readonly<Record<string, any>>;
}
/** What an authenticator adds to HELLO. */
export interface HelloExtra {
  readonly authid?: string;
  readonly authextra?: Readonly<Record<string, unknown>>;
}
/** One authentication method. `auth` makes the usual ones; write your own for others. */
export interface Authenticator {
  readonly method: string;
  readonly authid?: string;
  /** The method shows a secret that others must not read: it is refused unless over `wss:` or on this machine. */
  readonly needsConfidentiality?: boolean;
  /** Runs before every HELLO, so credentials may be fresh for each attempt. */
  hello?(context: AuthContext): HelloExtra | Promise<HelloExtra>;
  /** Answers a CHALLENGE. A plain string is the signature. */
  respond?(challenge: Challenge, context: AuthContext): AuthResponse | string | Promise<AuthResponse | string>;
  /** Judges WELCOME, where some routers prove who they are. Throwing aborts the session. */
  verify?(welcome: Welcome, context: AuthContext): void | Promise<void>;
}
/** Argon2id, version 1.3 (RFC 9106): WebCrypto has none. `memory` is in KiB; returns `length` bytes. */
export type Argon2id = (
  password: Uint8Array, salt: Uint8Array,
  cost: { readonly iterations: number; readonly memory: number; readonly parallelism: 1; readonly length: 32 },
) => Uint8Array | Promise<Uint8Array>;
/** Keys are bytes or hexadecimal digits. */
export interface CryptosignOptions {
  /** Who to be; without it the router says whose key it is. */
  readonly authid?: string;
  /** The seed (32 bytes), or seed and public key (64), or a key of WebCrypto that cannot be read. */
  readonly privateKey: string | Uint8Array | CryptoKeyType;
  /** The public key; needed only beside a key of WebCrypto. */
  readonly publicKey?: string | Uint8Array;
  /** The public key of the router, which then has to prove that it is the one. */
  readonly router?: string | Uint8Array;
}
/** Makers of authenticators. */
export declare const auth: {
  /** No proof at all. */
  anonymous(options?: { authid?: string }): Authenticator;
  /** A cookie of an earlier session, which the browser has sent by itself. */
  cookie(): Authenticator;
  /** A certificate of this client, shown when the connection was encrypted. */
  certificate(): Authenticator;
  /** A shared secret or token, sent as it is; only over `wss:` or on this machine. */
  ticket(options: { authid?: string; ticket: Secret }): Authenticator;
  /** A signature with a shared secret, salted or not. */
  wampcra(options: { authid: string; secret: Secret }): Authenticator;
  /**
   * A password that the router does not know, and with which it has to prove itself. Keys are derived as the router
   * says: by PBKDF2, or with Argon2id by a module of 8 kB that is loaded then and keeps this thread busy while it works
   * (35 ms for 19 MiB of memory on a laptop). A function given here does that instead, say in a worker.
   */
  scram(options: { authid: string; password: Secret; argon2id?: Argon2id }): Authenticator;
  /** A signature with a private key, by WebCrypto (Ed25519: Node 20, Chrome 137, Firefox 129, Safari 17). */
  cryptosign(options: CryptosignOptions): Authenticator;
};

// ---- errors ---------------------------------------------------------------------

/** An error with a URI, made by the application, the router, or this client. */
export declare class WampError extends Error {
  /** Throw one in a registered procedure to send exactly this error to the caller. */
  constructor(uri: string, init?: Payload & { message?: string; details?: Readonly<Record<string, unknown>>; cause?: unknown });
  readonly uri: string;
  readonly args: readonly any[];
  readonly kwargs: Kwargs;
  /** ERROR.Details or ABORT.Details, as received. */
  readonly details: Readonly<Record<string, any>>;
  /** Whether `error` is a `WampError`, and has this URI where one is given. */
  static is<U extends string>(error: unknown, uri?: U): error is WampError & { readonly uri: U };
}
/** The session ended, or never began, before the answer came. */
export declare class ConnectionLostError extends WampError {
  constructor(uri: string, init?: Payload & { message?: string; details?: Readonly<Record<string, unknown>>; cause?: unknown; maybeSent?: boolean });
  /** `false`: the request certainly never left this machine and may be repeated. */
  readonly maybeSent: boolean;
}
/** A time limit passed (`wamp.error.timeout`). */
export declare class TimeoutError extends WampError {}
/** The call was canceled (`wamp.error.canceled`). */
export declare class CanceledError extends WampError {}
/** The router refused to let us in. */
export declare class AuthError extends WampError {}

// ---- publish and subscribe -----------------------------------------------------

/** How to treat messages that arrive faster than they are consumed. */
export interface BufferOptions {
  /** Messages to hold at most. Default 1024 for events, 65 536 for progressive results. */
  readonly max?: number;
  /** Default `drop-oldest` for events, `error` for progressive results. `error` ends the subscription or call. */
  readonly overflow?: 'drop-oldest' | 'drop-newest' | 'error';
}

/** One event. */
export interface EventMessage<T = unknown> {
  /** The first positional argument. */
  readonly data: T;
  readonly args: readonly any[];
  readonly kwargs: Kwargs;
  /** The topic it was published to; for pattern subscriptions not the pattern. */
  readonly topic: string;
  readonly publication: number;
  /** Session id of the publisher, where disclosed. */
  readonly publisher?: number;
  readonly publisherAuthid?: string;
  readonly publisherAuthrole?: string;
  /** Whether this was published before we subscribed. */
  readonly retained: boolean;
  /** All of EVENT.Details, as received. */
  readonly details: Readonly<Record<string, any>>;
}

export interface SubscribeOptions {
  /** How the topic is to be understood. Default `exact`. */
  match?: 'exact' | 'prefix' | 'wildcard';
  /** Also deliver the last retained event of the topic. */
  getRetained?: boolean;
  /** Sets `Subscription.ongap`. */
  ongap?: (gap: Gap) => void;
  /** Unsubscribes when aborted. */
  signal?: AbortSignalType;
  buffer?: BufferOptions;
  /** SUBSCRIBE.Options as they go over the wire, for keys that have no name here. Wins over the named ones. */
  options?: Readonly<Record<string, unknown>>;
}

/** When the session was lost and when the subscription was back, in milliseconds since 1970. */
export interface Gap {
  readonly lostAt: number;
  readonly restoredAt: number;
}

/** `restoring` while the session is lost, or the router has not yet confirmed it on the new one. */
export type SubscriptionState = 'active' | 'restoring' | 'closed';

interface SubscriptionMembers<T> extends AsyncIterable<EventMessage<T>> {
  /** The topic or pattern subscribed to. */
  readonly topic: string;
  /** The router's id while active: another one on each session. */
  readonly id: number | undefined;
  readonly state: SubscriptionState;
  /** Whether `state` is `active`. */
  readonly active: boolean;
  /** Called after the subscription was restored on a new session: events may have been missed in between. */
  ongap: ((gap: Gap) => void) | null;
  /** Events lost to a full buffer so far. */
  readonly dropped: number;
  /** Resolves when the subscription ends, and tells why. Never rejects. */
  readonly closed: Promise<{ readonly reason: string }>;
  /** Ends it; resolves when the router has confirmed, at once where other handlers share the router's subscription. */
  unsubscribe(): Promise<void>;
}
/**
 * One handler's subscription. Iterating it instead of giving a handler works too;
 * leaving the loop unsubscribes.
 */
export type Subscription<T = any> = SubscriptionMembers<T> & Disposable;

/** An iterator of events that subscribes on the first `next()` and unsubscribes on `return()`. */
export type EventIterator<T = any> = AsyncIterableIterator<EventMessage<T>> & Disposable;

export interface PublishOptions {
  /** Further positional arguments after `data`. */
  args?: readonly unknown[];
  kwargs?: Kwargs;
  /** Wait until the router has confirmed; the promise then tells the publication's id. */
  acknowledge?: boolean;
  /** `false`: deliver to ourselves too, if subscribed. Default `true`. */
  excludeMe?: boolean;
  discloseMe?: boolean;
  /** Keep it as the topic's retained event. */
  retain?: boolean;
  exclude?: readonly number[];
  excludeAuthid?: readonly string[];
  excludeAuthrole?: readonly string[];
  eligible?: readonly number[];
  eligibleAuthid?: readonly string[];
  eligibleAuthrole?: readonly string[];
  /** Stops waiting for the confirmation; what was sent stays sent. */
  signal?: AbortSignalType;
  /** PUBLISH.Options as they go over the wire, for keys that have no name here. Wins over the named ones. */
  options?: Readonly<Record<string, unknown>>;
}

// ---- calls ----------------------------------------------------------------------

export interface CallOptions {
  kwargs?: Kwargs;
  /** Cancels the call when aborted; the promise rejects with `signal.reason`. */
  signal?: AbortSignalType;
  /** How to cancel: `skip` leaves the callee alone, `kill` and `killnowait` interrupt it. Default `killnowait`. */
  cancelMode?: 'skip' | 'kill' | 'killnowait';
  /** Milliseconds; for progressive results between two of them. Enforced here and sent to the router. */
  timeout?: number;
  discloseMe?: boolean;
  /** The call may be made twice: it is repeated when the session is lost before its answer came. */
  idempotent?: boolean;
  /** CALL.Options as they go over the wire, for keys that have no name here. Wins over the named ones. */
  options?: Readonly<Record<string, unknown>>;
}

export interface StreamOptions extends CallOptions {
  /** For progressive results that nobody has consumed yet. */
  buffer?: BufferOptions;
  /**
   * Progressive call invocation: what comes after `args`. Each item is sent as one more
   * list of positional arguments, or as a `Payload`; the last item ends the input.
   */
  input?: AsyncIterable<readonly unknown[] | Payload> | Iterable<readonly unknown[] | Payload>;
}

/** Everything a RESULT carries. */
export interface Result {
  readonly args: readonly any[];
  readonly kwargs: Kwargs;
  readonly details: Readonly<Record<string, any>>;
}

interface CallStreamMembers<P, R> extends AsyncIterable<P> {
  /** The final result. Independent of whether anybody consumes the progress. */
  readonly result: Promise<R>;
  /** All of the final RESULT, where its first positional argument is not enough. */
  readonly raw: Promise<Result>;
  /** The progress as a `ReadableStream`; use either this or the iterator. */
  readonly readable: ReadableStreamType<P>;
  /** Progressive results lost to a full buffer so far. */
  readonly dropped: number;
  /** Cancels the call; `result` rejects with `reason`, or with a `CanceledError`. */
  cancel(reason?: unknown): void;
}
/** A call with progressive results. Leaving a `for await` loop early cancels the call. */
export type CallStream<P = any, R = any> = CallStreamMembers<P, R> & Disposable;

/** A result with named arguments or several positional ones; made by `Invocation.result`. */
export interface RawResult {
  readonly args: readonly unknown[];
  readonly kwargs: Kwargs;
}

/** One call to a registered procedure. */
export interface Invocation {
  readonly args: readonly any[];
  readonly kwargs: Kwargs;
  /** The procedure that was called; for pattern registrations not the pattern. */
  readonly procedure: string;
  /** Session id of the caller, where disclosed. */
  readonly caller?: number;
  readonly callerAuthid?: string;
  readonly callerAuthrole?: string;
  readonly timeout?: number;
  /** All of INVOCATION.Details, as received. */
  readonly details: Readonly<Record<string, any>>;
  /** Aborted when the caller cancels, and when the session ends. */
  readonly signal: AbortSignalType;
  /** Whether the caller asked for progressive results. */
  readonly wantsProgress: boolean;
  /** Sends a progressive result, if wanted. Resolves when there is room for more. */
  progress(value: unknown, extra?: Payload): Promise<void>;
  /** Wraps what is more than one positional value: `return inv.result({ args: [1, 2], kwargs: { a: 3 } })`. */
  result(payload: Payload): RawResult;
  /** Progressive call invocation: the later chunks of input. Ends at once for plain calls. */
  readonly input: AsyncIterable<Required<Payload>>;
}

/**
 * Serves a procedure. What it returns (or resolves to) is the first positional result.
 * An async generator yields progressive results and returns the final one.
 * A thrown `WampError` reaches the caller as it is, anything else as `wamp.error.runtime_error`.
 */
export type Handler = (args: any, invocation: Invocation) => unknown;

export interface RegisterOptions {
  /** How the procedure is to be understood. Default `exact`. */
  match?: 'exact' | 'prefix' | 'wildcard';
  /** How the router chooses among several callees. Default `single`. */
  invoke?: 'single' | 'roundrobin' | 'random' | 'first' | 'last';
  /** Ask the router to tell who calls. */
  discloseCaller?: boolean;
  /** Calls the router may have running here at a time, where it supports that. */
  concurrency?: number;
  /** Take the procedure over from whoever has it, where the router supports that. */
  forceReregister?: boolean;
  /** Unregisters when aborted. */
  signal?: AbortSignalType;
  /** REGISTER.Options as they go over the wire, for keys that have no name here. Wins over the named ones. */
  options?: Readonly<Record<string, unknown>>;
}

interface RegistrationMembers {
  /** The procedure or pattern registered. */
  readonly procedure: string;
  /** The router's id while active: another one on each session. */
  readonly id: number | undefined;
  /** `restoring` also while the router believes that somebody else has the procedure, such as the session we lost. */
  readonly state: SubscriptionState;
  /** Whether `state` is `active`. */
  readonly active: boolean;
  /** Resolves when the registration ends, and tells why. Never rejects. */
  readonly closed: Promise<{ readonly reason: string }>;
  /** Ends it; calls that are running may finish. */
  unregister(): Promise<void>;
}
/** One registered procedure. */
export type Registration = RegistrationMembers & Disposable;

// ---- the client -------------------------------------------------------------------

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
  error: CustomEventType<{ readonly error: unknown; readonly where: 'handler' | 'resubscribe' | 'reregister' }>;
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

export interface Client extends Disposable {}
/**
 * A WAMP client: one session with a router at a time, and another one when that is lost. Subscriptions and registrations
 * outlive sessions. All methods wait for a session to open.
 */
export declare class Client {
  /** Does not connect yet: the first request does, or `connect()`. */
  constructor(endpoint: EndpointInput, options: ClientOptions);
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

  /** Calls a procedure; resolves to the first positional result. */
  call(procedure: string, args?: readonly unknown[], options?: CallOptions): Promise<any>;
  /** Calls a procedure; resolves to all of the RESULT. */
  callRaw(procedure: string, payload?: readonly unknown[] | Payload, options?: CallOptions): Promise<Result>;
  /** Calls a procedure for progressive results. */
  stream(procedure: string, args?: readonly unknown[], options?: StreamOptions): CallStream;
  /** Offers a procedure. */
  register(procedure: string, handler: Handler, options?: RegisterOptions): Promise<Registration>;

  /** Publishes an event with `data` as its first positional argument (none if `undefined`). */
  publish(topic: string, data?: unknown, options?: PublishOptions): Promise<{ readonly publication: number } | undefined>;
  /** Subscribes a handler. Events reach it one after another: the next waits for the promise it returned. */
  subscribe(topic: string, handler: (event: EventMessage<any>) => unknown, options?: SubscribeOptions): Promise<Subscription>;
  /** Subscribes without a handler: iterate the subscription. */
  subscribe(topic: string, options?: SubscribeOptions): Promise<Subscription>;
  /** Events as an iterator that subscribes by itself. */
  events(topic: string, options?: SubscribeOptions): EventIterator;

  addEventListener<K extends keyof ClientEventMap>(type: K, listener: (event: ClientEventMap[K]) => void, options?: boolean | ListenerOptions): void;
  addEventListener(type: string, listener: any, options?: any): void;
  removeEventListener<K extends keyof ClientEventMap>(type: K, listener: (event: ClientEventMap[K]) => void, options?: boolean | ListenerOptions): void;
  removeEventListener(type: string, listener: any, options?: any): void;
  dispatchEvent(event: any): boolean;
}

/** Makes a client and opens its session; rejects, and closes it, if there is none within `connectTimeout`. */
export declare function connect(endpoint: EndpointInput, options: ClientOptions): Promise<Client>;
