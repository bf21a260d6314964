import type { Authenticator } from './auth.js';
import type { WampError } from './errors.js';
import type { Passthru } from './passthru.js';
import type { AbortSignalType, UrlLike, WasmSource, WebSocketLike } from './runtime.js';

/** Name of a serializer; the WebSocket subprotocol is `wamp.2.` followed by it. */
export type SerializerName = 'json' | 'msgpack' | 'cbor';

/** One address of a router. */
export interface Endpoint {
  /** Where the router listens: `ws:` or `wss:`; in a page also a path such as `/ws`, on the server that the page is from. */
  readonly url: UrlLike;
  /** Serializers to offer here, in order of preference; default: those of the client. */
  readonly serializers?: readonly SerializerName[];
}

/**
 * Where to connect: one address, or several that are tried in order, at each attempt from the first. A router that answers and
 * refuses speaks for all of them.
 */
export type EndpointInput = UrlLike | Endpoint | readonly (UrlLike | Endpoint)[];

/**
 * How a client behaves.
 *
 * ```ts
 * const options: ClientOptions = {
 *   realm: 'realm1',
 *   auth: auth.ticket({ authid: 'joe', ticket: () => fetchToken() }),
 *   callTimeout: 10_000,
 *   whenDisconnected: { call: 'throw' },
 * };
 * ```
 */
export interface ClientOptions {
  /** The realm to join ("WAMP: Session Establishment"). */
  realm: string;
  /** How to prove who we are, in order of preference. Default: `auth.anonymous()`. */
  auth?: Authenticator | readonly Authenticator[];
  /** Serializers to offer, in order of preference. Default: `['cbor', 'msgpack', 'json']`. */
  serializers?: readonly SerializerName[];
  /**
   * Milliseconds that one attempt to connect and join may take, and the function `connect` in all; several addresses share them.
   * Default 10 000; 0 means no limit.
   */
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
  /** Packs and unpacks what is sent with `ppt`: `passthru()` of `wamplex/passthru`. Without it payloads are bytes of yours. */
  passthru?: Passthru;
  /**
   * Makes the WebSocket: to add headers in Node, for other transports (`wamplex/rawsocket`), or for tests. What it throws counts as
   * an attempt that failed.
   */
  webSocket?(url: string, protocols: string[]): WebSocketLike | Promise<WebSocketLike>;
  /**
   * The WebAssembly module to use instead of the one that came with the entry point. Required by `wamplex/slim`. The first
   * client that connects decides for all.
   */
  wasm?: WasmSource | Promise<WasmSource>;
  /** Closes the client when aborted, without GOODBYE to wait for; what waits rejects with `signal.reason`. */
  signal?: AbortSignalType;
  /** `true` prints every message with `console.debug`; a function receives them. */
  debug?: boolean | ((line: TraceDetail) => void);
}

/** When to connect again. Sessions that the router refused for good, or ended on purpose, are not opened again. */
export interface ReconnectPolicy {
  /** Milliseconds before the first attempt after a loss or failure, at most. Default 500. */
  readonly initialDelay?: number;
  /** Milliseconds between two attempts, at most. Default 30 000. */
  readonly maxDelay?: number;
  /** How the delay grows from attempt to attempt, at least 1. Default 2. */
  readonly factor?: number;
  /** `full`: any delay up to the one computed, so that not all clients come back at once; `none`; or a share of it, such as 0.1 for ±10 %. Default `full`. */
  readonly jitter?: 'full' | 'none' | number;
  /**
   * How often it is tried again before the client gives up, counted as in the event `reconnecting`: from the first attempt that failed,
   * which is none of them, or the last session that lasted five seconds. Default: no limit.
   */
  readonly maxAttempts?: number;
  /**
   * Decides instead of the client: `false` gives up, `true` tries again after the usual delay, a number after that many
   * milliseconds. May take its time, to ask the user for instance; `client.connect()` tries at once.
   */
  retry?(cause: WampError, attempt: number): boolean | number | Promise<boolean | number>;
}

/** Whatever arrives is a sign of life; after a silence the client asks the router for one. */
export interface Heartbeat {
  /** Milliseconds of silence before it asks; 0: never. Default 20 000. */
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
  /** The URI in GOODBYE ("WAMP: Session Closing"). Default `wamp.close.normal`. */
  readonly reason?: string;
  /** A text for the log of the router. Default: none. */
  readonly message?: string;
  /**
   * First take nothing new (unsubscribe, unregister) and finish what has begun: handlers, calls on either side. A number
   * is the limit in milliseconds (0: none), `true` means 30 000. Default `false`.
   */
  readonly drain?: boolean | number;
}

/** One WAMP message as it was sent or received; signatures of AUTHENTICATE are masked. */
export interface TraceDetail {
  /** `tx` was sent, `rx` received. */
  readonly dir: 'tx' | 'rx';
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Size of the message on the wire. */
  readonly bytes: number;
  /** The message: its code first. */
  readonly message: readonly unknown[];
}

/** What the router told us when the session opened ("WAMP: Session Establishment"). */
export interface SessionInfo {
  /** The session's id, which others see as `caller`, `publisher`, or in the meta API. */
  readonly id: number;
  /** The realm that was joined. */
  readonly realm: string;
  /** Who we are to the router. */
  readonly authid: string;
  /** The role that decides what we may do. */
  readonly authrole: string;
  /** How we have proved it, such as `wamp-scram`; `anonymous` without a proof. */
  readonly authmethod: string;
  /** Who has vouched for us: a name that the router chose. */
  readonly authprovider?: string;
  /** What the router added to its proof; empty for most methods. */
  readonly authextra: Readonly<Record<string, any>>;
  /** How messages are written on this connection. */
  readonly serializer: SerializerName;
  /** The address that this session is with. */
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
