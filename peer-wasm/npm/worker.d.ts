/**
 * One connection for all tabs of an application, in a `SharedWorker`.
 *
 * ```ts
 * // worker.js
 * import { serve } from 'wamplex/worker';
 * serve('wss://example.com/ws', { realm: 'realm1' });
 *
 * // in the page
 * import { connect } from 'wamplex/worker';
 * const client = await connect(() => new SharedWorker(new URL('./worker.js', import.meta.url), { type: 'module' }));
 * ```
 */
import type { Client, ClientOptions, ContractOption, Definitions, EndpointInput, Untyped } from './index.js';

/** A `SharedWorker`, a `Worker`, or one end of a `MessageChannel`. */
export type Tab = { readonly port: object } | {
  /** Sends to the other side. */
  postMessage(message: any, ...rest: any[]): void;
};

/** A worker's session and whoever uses it. */
export interface Share {
  /** The client with the connection. The worker may use it as well. */
  readonly client: Client;
  /** Tabs that have a session at the moment. */
  readonly tabs: number;
  /** Serves one more port; those that connect to a `SharedWorker` are served by themselves. */
  attach(tab: Tab): void;
  /** Ends the sessions of all tabs, and the one they share. */
  close(): Promise<void>;
}

/**
 * In a worker: shares one session among all tabs. Call it at the top of the script: browsers announce tabs only once.
 *
 * All tabs are one session for the router: its id, its rights and its registrations are theirs together. Events go to
 * every tab that has subscribed, but for the tab that published, as if each had a session of its own. When a tab is
 * closed, or dies, its subscriptions, registrations and calls end: at once on secure pages, else after half a minute of silence.
 */
export declare function serve(endpoint: EndpointInput, options: ClientOptions): Share;
export declare function serve(client: Client): Share;

/**
 * In a tab: a client on the session that the worker has, with all that a client can. `options` are those of any client,
 * but for what the worker decides: addresses, serializers, proofs. When the worker loses its session, this one is lost,
 * too, and comes back with it. A `realm`, if given, has to be the one of the worker.
 *
 * So it is when the worker itself dies: what is pending rejects with a `ConnectionLostError`, and if `reconnect` says so the
 * client connects again, for which it calls `tab`, a function that makes a `SharedWorker`, a `Worker` or a port; it is called for
 * every session, but for a `Worker` only if the last one is dead, and closes the ports that it is given. With anything but a
 * function the client closes then. The death is noticed at once on secure pages, else after half a minute of silence.
 *
 * Rejects with a `TimeoutError` if the worker does not answer within `connectTimeout` (10 s), which is how a script looks that
 * does not call `serve`, and with `wamplex.error.unsupported` if the function throws the first time.
 */
export declare function connect<C extends Definitions = Untyped>(
  tab: Tab | (() => Tab | Promise<Tab>), options?: Partial<ClientOptions> & ContractOption<C>,
): Promise<Client<C>>;
