/**
 * A WAMP router in the page, so that tests of an application need no server.
 *
 * It is the router itself, compiled to WebAssembly: what a test sees is what it would see over a network. Needs nothing
 * but `lib: ["es2022"]`.
 */
import type {
  Client, ClientOptions, ContractOption, Definitions, EventMessage, Handler, PublishOptions, RegisterOptions, Registration, SubscribeOptions,
  Untyped, UrlLike, WebSocketLike,
} from './index.js';

/**
 * Somebody who may come in, by any of the proofs that are given here.
 *
 * ```ts
 * const users = [
 *   { authid: 'joe', ticket: 'open sesame', role: 'admin' },
 *   { authid: 'ann', password: 'pencil' },
 *   { authid: 'device', publicKey: '3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29' },
 * ];
 * const router = await createRouter({ users });
 * const ann = await router.connect({ auth: auth.scram({ authid: 'ann', password: 'pencil' }) });
 * ```
 */
export interface User {
  readonly authid: string;
  /** What it is authorized by. Default `user`. */
  readonly role?: string;
  /** The secret that `auth.ticket` shows. */
  readonly ticket?: string;
  /** The secret that `auth.wampcra` signs with. */
  readonly secret?: string;
  /** Derives a key from the secret, as routers do that do not keep it; with `iterations` and `keylen`. */
  readonly salt?: string;
  /** Default 1000. */
  readonly iterations?: number;
  /** Octets of the derived key. Default 32. */
  readonly keylen?: number;
  /** The password that `auth.scram` proves to know. */
  readonly password?: string;
  /** How keys are derived from the password, at the least cost that clients accept. Default `pbkdf2`. */
  readonly kdf?: 'pbkdf2' | 'argon2id13';
  /** The public key to the private one that `auth.cryptosign` signs with: 32 bytes, or 64 hexadecimal digits. */
  readonly publicKey?: string | Uint8Array;
}

/** How a URI is to be understood: as itself, as the beginning of others, or with empty components that stand for any one. */
export type Match = 'exact' | 'prefix' | 'wildcard';

/** What a role may do with a topic or procedure, or with all that a pattern stands for. */
export interface Permission {
  /** A URI, or the pattern that `match` makes of it. */
  readonly uri: string;
  /** Default `exact`. */
  readonly match?: Match;
  /** What may be done; all else may not. */
  readonly allow: readonly ('call' | 'register' | 'publish' | 'subscribe')[];
  /** Whether the other side learns who calls or publishes, whatever the realm and the session say. */
  readonly disclose?: { readonly caller?: boolean; readonly publisher?: boolean };
  /** Whether a registration may take a procedure from others. Default `false`. */
  readonly forceReregister?: boolean;
}

/** A role that sessions may have: clients without a proof have `anonymous`. */
export interface Role {
  readonly name: string;
  /** Allows everything that no permission speaks of. Default `false`. */
  readonly allowAll?: boolean;
  readonly permissions?: readonly Permission[];
}

/** A realm, and what holds in it: the same rules, by the same names, as in the configuration of the router. */
export interface RealmSettings {
  readonly name: string;
  /** Who may come in, besides the `users` of the router. */
  readonly users?: readonly User[];
  /** Whether clients may come in that prove nothing. Default: where there are no users. */
  readonly anonymous?: boolean;
  /** Without any, everybody may do everything; with some, sessions in other roles may do nothing. */
  readonly roles?: readonly Role[];
  /** Which strings are topics and procedures. Default `loose`. */
  readonly uris?: 'loose' | 'strict';
  /** Whether a request id that does not follow the one before ends the session. Default `true`. */
  readonly strictRequestIds?: boolean;
  /** Whether callees and subscribers learn who called or published. Default `on_request`. */
  readonly disclosure?: 'never' | 'on_request' | 'always';
  /** What sessions may do with the procedures of the router; `full`: also end sessions of others. Default `ask`. */
  readonly metaApi?: 'off' | 'ask' | 'full';
  /** Milliseconds that a call may take which does not say. Default: no limit. */
  readonly callTimeout?: number;
  /** Milliseconds that any call may take. Default: no limit. */
  readonly maxCallTimeout?: number;
  /** Tells callees and subscribers that sessions are trusted so far. */
  readonly trustlevel?: number;
  /** Attributes that clients invent and the router hands on, each beginning with an underscore. */
  readonly passedOptions?: readonly string[];
  /** Whether calls and events are refused that do not fit the schema which a callee or publisher has attached. */
  readonly validate?: boolean;
  /** How the last events of topics are retained. Times are in milliseconds. */
  readonly retention?: {
    readonly events?: number;
    readonly bytes?: number;
    readonly replayBytes?: number;
    readonly ttl?: number;
    readonly maxTtl?: number;
  };
  /** Of which topics all events are kept, for `wamp.subscription.get_events`. `age` is in milliseconds. */
  readonly history?: readonly {
    readonly pattern: string;
    readonly match?: Match;
    readonly events?: number;
    readonly bytes?: number;
    readonly totalBytes?: number;
    readonly age?: number;
  }[];
  /** Bytes of events that one answer of the history may have. Default: as the router has it. */
  readonly historyReplyBytes?: number;
}

/** What a router is made with. */
export interface TestRouterOptions {
  /** Names of realms, or realms with rules. Default `['realm1']`. */
  readonly realms?: readonly (string | RealmSettings)[];
  /** Who may come into all realms. */
  readonly users?: readonly User[];
  /**
   * What the router proves itself with to clients that ask for that, with `router` of `auth.cryptosign`: the seed of a key (32
   * bytes), or seed and public key (64), as bytes or hexadecimal digits. Default: it cannot prove itself.
   */
  readonly privateKey?: string | Uint8Array;
  /** Milliseconds that each message is under way. Default 0: it arrives in the next task, as over a fast network. */
  readonly latency?: number;
  /** The address that the router answers to. Default: one of its own. */
  readonly url?: UrlLike;
  /** A whole number that all random numbers of the router come from. Default: another one each time. */
  readonly seed?: number;
}

/** Options of a client; the realm is the first one of the router unless it is given. */
export type ConnectOptions = Partial<ClientOptions>;

/** A session of the router. */
export interface RouterSession {
  readonly id: number;
  readonly realm: string;
  readonly authid: string;
  readonly authrole: string;
}

/** The events of a topic since `record` was called. */
export interface Recording<T = any> {
  /** All of them, in order. */
  readonly events: readonly EventMessage<T>[];
  /** The next one that `next` has not returned yet; waits for it. */
  next(): Promise<EventMessage<T>>;
  /** Records no more; whoever waits for a `next` that has not come gets an error. */
  stop(): Promise<void>;
}

/** The realm is the first one of the router unless it is given. */
type InRealm<Options> = Options & { realm?: string };

/** Can be closed at the end of a block with `await using`, where that is known. */
type AsyncDisposable = SymbolConstructor extends { readonly asyncDispose: infer S extends symbol }
  ? { [K in S]: () => Promise<void> }
  : {};

/**
 * A router in the page. Closes at the end of a block with `await using`.
 *
 * ```ts
 * const router = await createRouter();
 * const client = await router.connect();
 * router.cut(client);
 * ```
 */
export interface TestRouter extends AsyncDisposable {
  /** What clients connect to: with the option `webSocket`, or after `install()`. */
  readonly url: string;
  /** Makes sockets to this router: the option `webSocket` of a client. */
  readonly webSocket: (url: string, protocols: string[]) => WebSocketLike;
  /** Milliseconds that each message is under way from now on. */
  latency: number;
  /** The sessions that are open, but for those of the test itself. */
  readonly sessions: readonly RouterSession[];

  /** A client with an open session. It is closed with the router. */
  connect<C extends Definitions = Untyped>(options?: ConnectOptions & ContractOption<C>): Promise<Client<C>>;

  /** Loses all connections as a broken network does: with code 1006, and whatever was under way. */
  cut(): void;
  /** Loses the connection of a client, of a session, or of the session with this id. It may be none. */
  cut(whom: Client<any> | RouterSession | number): void;
  /** Lets no new connection succeed, or lets them again. */
  refuse(on?: boolean): void;
  /** Keeps everything from arriving and tells nobody, as a network that is gone without a word; or lets it arrive. */
  stall(on?: boolean): void;
  /**
   * Lets time pass for the router: calls time out, messages arrive, what is kept grows old. Resolves when that has had
   * its effect.
   */
  advance(ms: number): Promise<void>;
  /** Resolves when no message is under way any more. */
  settled(): Promise<void>;

  /**
   * Serves a procedure. What the test does itself has every right, is seen by no one, and is not touched by what it
   * does to the network.
   */
  procedure(uri: string, handler: Handler, options?: InRealm<RegisterOptions>): Promise<Registration>;
  /** Publishes an event; resolves when it has arrived, and what that has caused. */
  publish(topic: string, data?: unknown, options?: InRealm<PublishOptions>): Promise<void>;
  /** Records the events of a topic from now on. */
  record<T = any>(topic: string, options?: InRealm<SubscribeOptions>): Promise<Recording<T>>;

  /**
   * Lets `new WebSocket(router.url)` lead here, for applications that make it themselves. Returns what undoes that;
   * closing does, too.
   */
  install(): () => void;
  /** Closes its clients and says goodbye to all other sessions. */
  close(): Promise<void>;
}

/**
 * Makes a router.
 *
 * ```ts
 * const router = await createRouter();
 * await router.procedure('com.example.add', ([a, b]) => a + b);
 * const client = await router.connect();
 * await client.call('com.example.add', [2, 3]); // 5
 * await router.close();
 * ```
 */
export declare function createRouter(options?: TestRouterOptions): Promise<TestRouter>;
