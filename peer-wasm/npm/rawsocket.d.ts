/**
 * RawSocket for Node, Deno and Bun: WAMP over plain TCP, TLS or a Unix socket, with less around each message than
 * WebSocket has ("WAMP: RawSocket Transport").
 *
 * ```ts
 * import { connect } from 'wamplex';
 * import { rawSocket } from 'wamplex/rawsocket';
 *
 * const client = await connect('tcp://127.0.0.1:8080', { realm: 'realm1', webSocket: rawSocket() });
 * ```
 */
import type { WebSocketLike } from './index.js';

/** How a RawSocket is opened. */
export interface RawSocketOptions {
  /** For `tls:`, as `tls.connect` of Node takes them: `ca`, `cert`, `key`, `rejectUnauthorized` and so on. */
  readonly tls?: Readonly<Record<string, unknown>>;
  /** Milliseconds that connecting and the handshake may take. Default 10 000. */
  readonly timeout?: number;
}

/**
 * What to give as `webSocket` for addresses that begin with `tcp:`, `tls:` or `unix:` (`unix:///run/wamplex.sock`).
 * The first serializer of the client that the router supports is used. Messages may have 16 MiB, or what the router
 * takes; one that is longer ends the connection.
 */
export declare function rawSocket(options?: RawSocketOptions): (url: string, protocols: string[]) => Promise<WebSocketLike>;
