/**
 * The API of AutobahnJS, on top of the client of `wamplex`. The names of `@types/autobahn` (`ISubscription` and so on)
 * are there, too. These declarations need nothing but `lib: ["es2022"]`.
 */
import type { ClientOptions, WampError } from 'wamplex';

// ---- promises -----------------------------------------------------------------

/** A promise whose `then` takes a third function, for progressive results. */
export interface ProgressPromise<T> extends Promise<T> {
  then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: any) => B | PromiseLike<B>) | null,
    progress?: ((value: any) => unknown) | null,
  ): ProgressPromise<A | B>;
}

/** What `call` returns. */
export interface CallPromise<T> extends ProgressPromise<T> {
  /** Sends CANCEL. The promise is rejected at once, but with `kill` waits for what the router says. */
  cancel(options?: { mode?: 'skip' | 'kill' | 'killnowait' } | null): void;
}

/** A promise, and what settles it. */
export interface Deferred<T = any> {
  readonly promise: any;
  /** Fulfills the promise. */
  resolve(value?: T): void;
  /** Rejects the promise. */
  reject(reason: unknown): void;
  /** Tells a progressive result, where the promise can. */
  notify?(value: unknown): void;
}
/** Makes promises: the option `use_deferred`. */
export type DeferFactory = () => Deferred;

// ---- values -------------------------------------------------------------------

/** An error with a URI: what rejects promises, and what endpoints throw. */
declare class AutobahnError extends WampError {
  constructor(error: string, args?: readonly unknown[] | null, kwargs?: Readonly<Record<string, unknown>> | null);
  /** The URI. */
  readonly error: string;
}
export { AutobahnError as Error };

/** A result with several positional values, or with named ones. */
export declare class Result {
  constructor(args?: readonly unknown[] | null, kwargs?: Readonly<Record<string, unknown>> | null);
  readonly args: readonly any[];
  readonly kwargs: Readonly<Record<string, any>>;
}

/** An acknowledged publication. */
export declare class Publication {
  constructor(id: number);
  readonly id: number;
}

/** What an event handler is told beside the arguments. */
export declare class Event<TName = string> {
  constructor(
    publication: number, topic: TName, publisher?: number, publisher_authid?: string, publisher_authrole?: string,
    retained?: boolean, forward_for?: unknown,
  );
  readonly publication: number;
  readonly topic: TName;
  readonly publisher?: number;
  readonly publisher_authid?: string;
  readonly publisher_authrole?: string;
  readonly retained: boolean;
  readonly forward_for?: unknown;
}

/** What an endpoint is told beside the arguments. */
export declare class Invocation {
  constructor(
    procedure: string, progress: Invocation['progress'], caller?: number, caller_authid?: string, caller_authrole?: string,
    signal?: Invocation['signal'],
  );
  readonly procedure: string;
  /** Sends a progressive result; `null` unless the caller wants them. */
  readonly progress: ((args?: readonly unknown[] | null, kwargs?: Record<string, unknown> | null) => void) | null;
  readonly caller?: number;
  readonly caller_authid?: string;
  readonly caller_authrole?: string;
  /** Aborted when the caller cancels, and when the session ends. AutobahnJS has nothing like it. */
  readonly signal?: NonNullable<ClientOptions['signal']>;
}

/** Handles events. What it throws goes to `on_user_error`. */
export type SubscribeHandler<TArgs = any, TKWArgs = any, TName = string> = (
  args: TArgs, kwargs: TKWArgs, details: Event<TName>, subscription: Subscription<TArgs, TKWArgs, TName>,
) => unknown;

/** One handler of a topic. */
export declare class Subscription<TArgs = any, TKWArgs = any, TName = string> {
  constructor(
    topic: TName, handler: SubscribeHandler<TArgs, TKWArgs, TName>, options: ISubscribeOptions | null | undefined,
    session: Session, id: number,
  );
  readonly topic: TName;
  readonly handler: SubscribeHandler<TArgs, TKWArgs, TName>;
  readonly options: Readonly<ISubscribeOptions>;
  readonly session: Session;
  readonly id: number;
  readonly active: boolean;
  /** Resolves when it ends: to the router's reason, or to nothing where the application has ended it. */
  readonly on_unsubscribe: Promise<string | undefined>;
  /** Resolves to whether this was the last handler of its topic here. */
  unsubscribe(): ProgressPromise<boolean>;
}

/**
 * Serves a procedure. What it returns, or resolves to, is the result; an `Error` of this module reaches the caller as it is,
 * anything else as `wamp.error.runtime_error`.
 */
export type RegisterEndpoint<TResult = any, TArgs = any, TKWArgs = any> = (
  args: TArgs, kwargs: TKWArgs, details: Invocation,
) => TResult;

/** One procedure that is served here. */
export declare class Registration<TResult = any, TArgs = any, TKWArgs = any, TName = string> {
  constructor(
    procedure: TName, endpoint: RegisterEndpoint<TResult, TArgs, TKWArgs>, options: IRegisterOptions | null | undefined,
    session: Session, id: number,
  );
  readonly procedure: TName;
  readonly endpoint: RegisterEndpoint<TResult, TArgs, TKWArgs>;
  readonly options: Readonly<IRegisterOptions>;
  readonly session: Session;
  readonly id: number;
  readonly active: boolean;
  /** Resolves when it ends: to the router's reason, or to nothing where the application has ended it. */
  readonly on_unregister: Promise<string | undefined>;
  /** Resolves when the router has confirmed; rejects if it is not active any more. */
  unregister(): ProgressPromise<void>;
}

// ---- options, which go over the wire as they are ----------------------------------

/** CALL.Options. */
export interface ICallOptions {
  /** Milliseconds; also kept here. */
  timeout?: number | undefined;
  /** Progressive results go to the third function of `then`. */
  receive_progress?: boolean | undefined;
  disclose_me?: boolean | undefined;
  [more: string]: unknown;
}
/** PUBLISH.Options. */
export interface IPublishOptions {
  acknowledge?: boolean | undefined;
  exclude?: number[] | undefined;
  exclude_authid?: string[] | undefined;
  exclude_authrole?: string[] | undefined;
  eligible?: number[] | undefined;
  eligible_authid?: string[] | undefined;
  eligible_authrole?: string[] | undefined;
  retain?: boolean | undefined;
  disclose_me?: boolean | undefined;
  exclude_me?: boolean | undefined;
  [more: string]: unknown;
}
/** SUBSCRIBE.Options. */
export interface ISubscribeOptions {
  match?: string | undefined;
  get_retained?: boolean | undefined;
  [more: string]: unknown;
}
/** REGISTER.Options. */
export interface IRegisterOptions {
  match?: string | undefined;
  disclose_caller?: boolean | undefined;
  invoke?: 'single' | 'roundrobin' | 'random' | 'first' | 'last' | undefined;
  [more: string]: unknown;
}

// ---- sessions -----------------------------------------------------------------------

type Args = readonly unknown[] | null;
type Kwargs = Readonly<Record<string, any>> | null;

/** A session with a router; connections make them. Misuse throws an `Error` that prints as the text AutobahnJS throws. */
export declare class Session {
  private constructor();
  readonly id: number | null;
  readonly realm: string | null;
  readonly isOpen: boolean;
  /** What both sides can do, by our role. */
  readonly features: Readonly<Record<string, Readonly<Record<string, unknown>>>> | null;
  /** Lists of those that share one subscription of the router. */
  readonly subscriptions: Subscription[][];
  readonly registrations: Registration[];
  readonly defer: DeferFactory;
  /** Defaults of the option `disclose_me`. */
  caller_disclose_me: boolean;
  publisher_disclose_me: boolean;
  /** Called when the session has opened, with the details of WELCOME; the connection sets it. */
  onjoin: ((details: Record<string, any>) => void) | undefined;
  /** Called when the router has ended it or refused it, with the URI of the reason; the connection sets it. */
  onleave: ((reason: string, details: Record<string, any>) => void) | undefined;

  /** Opens the session; connections do that by themselves. Throws while one is open. */
  join(realm: string, authmethods?: readonly string[] | null, authid?: string | null, authextra?: object | null): void;
  /** Says GOODBYE, by default with `wamp.close.normal`. Throws where no session is open. */
  leave(reason?: string | null, message?: string | null): void;
  /** Resolves to `null`, the one positional value, or a `Result`. */
  call<TResult = any>(procedure: string, args?: Args, kwargs?: Kwargs, options?: ICallOptions | null): CallPromise<TResult>;
  /** With `acknowledge`, resolves when the router has confirmed. */
  publish(topic: string, args: Args | undefined, kwargs: Kwargs | undefined, options: IPublishOptions & { acknowledge: true }): ProgressPromise<Publication>;
  /** Without `acknowledge` there is nothing to wait for, and nothing is returned. */
  publish(topic: string, args?: Args, kwargs?: Kwargs, options?: IPublishOptions | null): ProgressPromise<Publication> | undefined;
  /** Subscribes a handler; those of one topic share one subscription of the router. */
  subscribe<TArgs = any, TKWArgs = any>(topic: string, handler: SubscribeHandler<TArgs, TKWArgs>, options?: ISubscribeOptions | null): ProgressPromise<Subscription<TArgs, TKWArgs>>;
  /** Offers a procedure. */
  register<TResult = any, TArgs = any, TKWArgs = any>(procedure: string, endpoint: RegisterEndpoint<TResult, TArgs, TKWArgs>, options?: IRegisterOptions | null): ProgressPromise<Registration<TResult, TArgs, TKWArgs>>;
  /** As `Subscription.unsubscribe`. */
  unsubscribe(subscription: Subscription): ProgressPromise<boolean>;
  /** As `Registration.unregister`. */
  unregister(registration: Registration): ProgressPromise<void>;
  /** From now on `prefix:name` means `uri.name`; without `uri` no longer. */
  prefix(prefix: string, uri?: string | null): void;
  /** The URI that a short form means; what has no prefix is one already. */
  resolve(curie: string): string;
  /** Prints with the id of the session and the time since it opened. */
  log(...items: unknown[]): void;
}

// ---- connections ------------------------------------------------------------------------

/** Answers a challenge with a signature, and what to add to it. */
export type OnChallengeHandler = (session: Session, method: string, extra: any) =>
  | string | readonly [signature: string, extra?: object]
  | PromiseLike<string | readonly [signature: string, extra?: object]>;
/** Is told what a handler or endpoint of the application threw, or what went wrong inside. */
export type ErrorHandler = (error: any, message?: string) => void;

/** One address to try. */
export interface ITransportDefinition {
  type: string;
  url?: string | undefined;
  protocols?: string[] | undefined;
  serializers?: Serializer[] | undefined;
  tlsConfiguration?: object | undefined;
  [more: string]: unknown;
}

/** What a connection is made with. */
export interface IConnectionOptions {
  url?: string | undefined;
  transports?: ITransportDefinition[] | undefined;
  realm: string;
  serializers?: Serializer[] | undefined;
  protocols?: string[] | undefined;
  authmethods?: string[] | undefined;
  authid?: string | undefined;
  authextra?: object | undefined;
  onchallenge?: OnChallengeHandler | undefined;
  /** Attempts after the first; -1: no end. Default 15. */
  max_retries?: number | undefined;
  /** Seconds. Default 1.5. */
  initial_retry_delay?: number | undefined;
  /** Seconds. Default 300. */
  max_retry_delay?: number | undefined;
  /** Default 1.5. */
  retry_delay_growth?: number | undefined;
  /** Standard deviation as a part of the delay. Default 0.1. */
  retry_delay_jitter?: number | undefined;
  /** Also where no router has answered yet. Default `true`. */
  retry_if_unreachable?: boolean | undefined;
  use_es6_promises?: boolean | undefined;
  /** Makes promises, such as `jQuery.Deferred`. */
  use_deferred?: DeferFactory | undefined;
  /** Default: `console.error`. */
  on_user_error?: ErrorHandler | undefined;
  on_internal_error?: ErrorHandler | undefined;
  /** Seconds between two questions whether the router is there. */
  autoping_interval?: number | undefined;
  autoping_timeout?: number | undefined;
  autoping_size?: number | undefined;
  /** Node only, by the package `ws`. */
  tlsConfiguration?: object | undefined;
  /** Options of the `Client` beneath, for what AutobahnJS has no name: `webSocket`, `wasm`, `bigint` and so on. */
  client?: Partial<Omit<ClientOptions, 'realm' | 'auth'>> | undefined;
}

/** What `onclose` is told beside the reason. */
export interface ICloseDetails {
  /** The URI that the router gave, if it gave one. */
  readonly reason: string | null;
  readonly message: string | null;
  /** Seconds until the next attempt. */
  readonly retry_delay: number | null;
  readonly retry_count: number | null;
  readonly will_retry: boolean;
  /** What went wrong. */
  readonly cause?: WampError;
}

/** Which transport a connection uses. */
export interface ITransportInfo {
  readonly type: string;
  readonly url: string | null;
  readonly protocol: string | null;
}

/** Sessions with a router, one after another. */
export declare class Connection {
  constructor(options: IConnectionOptions);
  /** Called with each session, the first and those after a loss: subscribe and register here. */
  onopen: ((session: Session, details: any) => void) | undefined;
  /** `reason` is `unreachable`, `lost`, `closed` or `unsupported`; returning `true` stops retrying. */
  onclose: ((reason: string, details: ICloseDetails) => unknown) | undefined;
  readonly session: Session | null;
  readonly isOpen: boolean;
  readonly isConnected: boolean;
  readonly isRetrying: boolean;
  readonly transport: {
    readonly info: ITransportInfo;
    /** Drops the connection without a word, as a network does. */
    close?(): void;
  };
  readonly defer: DeferFactory;
  /** Connects, and goes on trying as the options say. Throws if it is open, or opening. */
  open(): void;
  /** Ends the session and stops retrying. Throws if it is closed already. */
  close(reason?: string, message?: string): void;
}

// ---- the rest of the module ------------------------------------------------------------------

/** One of those below, or an object with the `SERIALIZER_ID` of one. */
export interface Serializer {
  readonly SERIALIZER_ID: string;
  readonly BINARY?: boolean;
}
type Replacer = ((this: any, key: string, value: any) => any) | (string | number)[];
type Reviver = (this: any, key: string, value: any) => any;

export declare namespace serializer {
  class JSONSerializer implements Serializer {
    constructor(replacer?: Replacer, reviver?: Reviver);
    readonly SERIALIZER_ID: 'json';
    readonly BINARY: false;
    readonly replacer?: Replacer;
    readonly reviver?: Reviver;
    /** Writes a value as JSON. */
    serialize(value: unknown): string;
    /** Reads a value from JSON. */
    unserialize(text: string): any;
  }
  class MsgpackSerializer implements Serializer {
    readonly SERIALIZER_ID: 'msgpack';
    readonly BINARY: true;
  }
  class CBORSerializer implements Serializer {
    readonly SERIALIZER_ID: 'cbor';
    readonly BINARY: true;
  }
}

export declare namespace auth_cra {
  /** The answer to a challenge. */
  function sign(key: string, challenge: string): string;
  /** The key of a salted secret: 1000 iterations and 32 bytes unless told otherwise. */
  function derive_key(secret: string, salt: string, iterations?: number, keylen?: number): string;
}

/** The secret key is the seed and then the public key, as NaCl has it. */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

export declare namespace auth_cryptosign {
  /** The key of that name in `localStorage`; a new one if there is none, or if that is asked for. */
  function load_private_key(name: string, force_regenerate?: boolean): KeyPair;
  /** Removes the key of that name from `localStorage`. */
  function delete_private_key(name: string): void;
  /** The public key in hexadecimal digits. */
  function public_key(pkey: KeyPair): string;
  /** The answer to a challenge: the signature, then what was signed, in hexadecimal digits. */
  function sign_challenge(pkey: KeyPair, extra: { readonly challenge: string }): string;
  /** A connection that proves itself with a key. */
  function create_connection(config: Omit<IConnectionOptions, 'authmethods' | 'authextra' | 'onchallenge'> & {
    pkey: KeyPair;
    activation_code?: string | undefined;
    request_new_activation_code?: boolean | undefined;
    debug?: boolean | undefined;
  }): Connection;
}

/** Throws: Persona is no more. */
export declare function auth_persona(...args: unknown[]): never;

/** A transport of one's own: it carries messages, not bytes. */
export interface ITransport {
  readonly info?: Partial<ITransportInfo>;
  /** Set by the connection: to be called when messages can be sent. */
  onopen(): void;
  /** Set by the connection: to be called with each message. */
  onmessage(message: any[]): void;
  /** Set by the connection: to be called when it is over. */
  onclose(event: { code?: number; reason?: string; wasClean?: boolean }): void;
  /** Sends one message. */
  send(message: unknown[]): unknown;
  /** Ends the connection. */
  close(code?: number, reason?: string): void;
}
/** Makes transports of one type. */
export interface ITransportFactory {
  readonly type?: string;
  /** A new transport, or `null` where there can be none. */
  create(): ITransport | null;
}
/** Made with one `ITransportDefinition`. */
export type ITransportFactoryFactory = new (options: any) => ITransportFactory;

/** The types of transports: `websocket`, and those that are registered. */
export declare const transports: {
  /** Adds a type. */
  register(name: string, factory: ITransportFactoryFactory): void;
  /** Whether there is such a type. */
  isRegistered(name: string): boolean;
  /** The type of that name; throws if there is none. */
  get(name: string): ITransportFactoryFactory;
  /** The names of all. */
  list(): string[];
};

export declare namespace log {
  /** Prints its first argument as JSON if `AUTOBAHN_DEBUG` is set, as a global variable or in the environment. */
  function debug(...items: unknown[]): void;
  /** Prints with `console.warn`. */
  function warn(...items: unknown[]): void;
}

export declare namespace util {
  /** Octets from base64. */
  function atob(text?: string | null): Uint8Array | null;
  /** Base64 of octets. */
  function btoa(bytes?: Uint8Array | null): string | null;
  /** Hexadecimal digits of octets. */
  function btoh(bytes?: ArrayLike<number> | null): string | null;
  /** Octets from hexadecimal digits; throws for an odd number of them. */
  function htob(digits?: string | null): Uint8Array | null;
  /** A random number of a normal distribution, by default around 0 with a deviation of 1. */
  function rand_normal(mean?: number, sd?: number): number;
  /** Whether it is an object, or `null`, but no array. */
  function is_object(value: unknown): boolean;
  /** Throws if the condition does not hold. */
  function assert(condition: unknown, text?: string): asserts condition;
  /** Tells the handler, or prints with `console.error` where there is none. */
  function handle_error(handler: ErrorHandler | null | undefined, error: unknown, message?: string): void;
  /** A random id, from 1 to 2^53. */
  function new_global_id(): number;
  /**
   * Fills in what `base` does not have from the other objects, at every depth if the last of them is `true`; returns `base`.
   */
  function defaults(base?: any, ...sources: any[]): any;
  /** Resolves after so many milliseconds. */
  function sleep(milliseconds: number): Promise<void>;
  /** Calls a function; what it throws rejects. */
  function as_promise(run: (...args: any[]) => any, ...args: unknown[]): Promise<any>;
  /** What makes promises with these options. */
  function deferred_factory(options?: Pick<IConnectionOptions, 'use_es6_promises' | 'use_deferred'> | null): DeferFactory;
  /** The promise of a deferred. */
  function promise(deferred: Deferred): any;
  /**
   * POSTs `data`, which is JSON already; resolves to the text of the answer, and rejects with `{ code, text }`. `timeout` is in
   * milliseconds.
   */
  function http_post(url: string, data?: any, timeout?: number): Promise<string | undefined>;
  /** GETs JSON; rejects with `{ code, text }`. `timeout` is in milliseconds. */
  function http_get_json(url: string, timeout?: number): Promise<any>;
  /** `null`: nothing is read from files. */
  const read_file: null;
}

/** The version of wamplex. */
export declare const version: string;

// ---- the names of @types/autobahn ------------------------------------------------------------------

/** `Event`, as `@types/autobahn` calls it. */
export type IEvent<TName = string> = Event<TName>;
/** `Invocation`, as `@types/autobahn` calls it. */
export type IInvocation = Invocation;
/** `Result`, as `@types/autobahn` calls it. */
export type IResult = Result;
/** `Error`, as `@types/autobahn` calls it. */
export type IError = AutobahnError;
/** `Publication`, as `@types/autobahn` calls it. */
export type IPublication = Publication;
/** `Subscription`, as `@types/autobahn` calls it. */
export type ISubscription<TArgs = any, TKWArgs = any, TName = string> = Subscription<TArgs, TKWArgs, TName>;
/** `Registration`, as `@types/autobahn` calls it. */
export type IRegistration<TResult = any, TArgs = any, TKWArgs = any, TName = string> = Registration<TResult, TArgs, TKWArgs, TName>;
/** `ErrorHandler`, as `@types/autobahn` calls it. */
export type OnInternalErrorHandler = ErrorHandler;
/** `ErrorHandler`, as `@types/autobahn` calls it. */
export type OnUserErrorHandler = ErrorHandler;

/** All of the above: `import autobahn from 'wamplex/autobahn'`. */
export * as default from './autobahn.js';
export as namespace autobahn;
