import type { Authenticator, ClientOptions, Endpoint, EndpointInput, SerializerName, UrlLike } from '../index.js';
import { limit, limited, onAbort } from './abort.js';
import { anonymous } from './auth/index.js';
import { Offer, checkConfidentiality } from './auth/offer.js';
import { Connection, type ConnectionListener, type ConnectionOptions } from './connection.js';
import { SERIALIZERS } from './core.js';
import { ConnectionLostError, WampError, networkFailure, toError, unsupported } from './errors.js';
import { checkNumber } from './options.js';
import { openSocket } from './socket.js';
import { loadWasm } from './wasm.js';

export const CONNECT_TIMEOUT = 10_000;

interface Address {
  readonly url: string;
  readonly protocols: string[];
}

/** Opens sessions: checks what the application wants, then goes through the addresses. */
export class Opener {
  readonly #options: ClientOptions;
  readonly #host: ConnectionListener;
  readonly #addresses: readonly Address[];
  readonly #authenticators: readonly Authenticator[];
  #attempts = 0;

  constructor(endpoint: EndpointInput, options: ClientOptions, host: ConnectionListener) {
    if (typeof options?.realm !== 'string' || options.realm === '') throw new TypeError("the option 'realm' is missing");
    const { reconnect, heartbeat, whenDisconnected } = options;
    for (const [name, value] of Object.entries({ ...options, ...reconnect, ...heartbeat, ...whenDisconnected })) {
      // A delay that is none would keep the client busy.
      if (/jitter|factor|interval|Attempts|Limit|Delay|imeout/.test(name)) checkNumber(name, value, name === 'jitter' ? "'full', 'none' or " : '');
    }
    this.#options = options;
    this.#host = host;
    const endpoints = [endpoint].flat() as (UrlLike | Endpoint)[];
    if (endpoints.length === 0) throw new TypeError('no address to connect to');
    this.#addresses = endpoints.map((one) => address(one, options));
    this.#authenticators = ([] as Authenticator[]).concat(options.auth ?? anonymous());
  }

  /** A session with the first address that gives one. `signal` gives the whole attempt up. */
  async open(signal: AbortSignal): Promise<Connection> {
    let failure: unknown;
    for (const address of this.#addresses) {
      const attempt = new AbortController();
      // One that is silent leaves time for the others.
      const time = (this.#options.connectTimeout ?? CONNECT_TIMEOUT) / this.#addresses.length;
      const stop = limit(signal, time, (reason) => attempt.abort(reason));
      try {
        return await this.#tryOne(address, attempt.signal);
      } catch (error) {
        signal.throwIfAborted();
        // A router that answered and refused speaks for its siblings.
        if (error instanceof WampError && !(error instanceof ConnectionLostError) && !attempt.signal.aborted) throw error;
        failure = error;
      } finally {
        stop();
      }
    }
    throw failure;
  }

  async #tryOne({ url, protocols }: Address, signal: AbortSignal): Promise<Connection> {
    const { wasm, webSocket } = this.#options;
    checkConfidentiality(this.#authenticators, url);
    // Compiling and the handshake of the socket go on at the same time.
    const loading = loadWasm(wasm);
    const made = openSocket(url, protocols, webSocket).catch((cause) => {
      if (cause instanceof WampError) throw cause;
      const { name, message } = toError(cause);
      // Of a page that came over https:, which may not connect to ws:.
      throw (name === 'SecurityError' ? unsupported : networkFailure)(`cannot connect to ${url}: ${message}`, { cause });
    });
    try {
      const [socket, module] = await limited(Promise.all([made, loading]), signal, 0);
      const offer = new Offer(this.#authenticators, ++this.#attempts, signal);
      const connection = new Connection(module, socket, url, offer, this.#options as ConnectionOptions, this.#host);
      await connection.settled.finally(onAbort(signal, (reason: any) => connection.drop(reason)));
      if (connection.cause) throw connection.cause;
      return connection;
    } catch (error) {
      // Even if it comes later.
      made.then((socket) => socket.close(), () => {});
      throw error;
    }
  }
}

function address(endpoint: UrlLike | Endpoint, { serializers, webSocket }: ClientOptions): Address {
  // Addresses by themselves are texts or objects without a `url`.
  const { url = endpoint, serializers: own = serializers ?? SERIALIZERS } = Object(endpoint);
  if (own.length === 0 || !own.every((name: SerializerName) => SERIALIZERS.includes(name))) {
    throw new TypeError(`the serializers to offer must be some of ${SERIALIZERS}, not [${own}]`);
  }
  const text = typeof url === 'string' ? url : url?.href;
  return { url: webSocket ? text : absolute(text), protocols: own.flatMap((name: string) => [`wamp.2.${name}.batched`, `wamp.2.${name}`]) };
}

/** Pages may name their own server by a path alone. */
function absolute(text: string): string {
  try {
    const url = new URL(text || 'ws:', globalThis.document?.baseURI);
    const href = url.href.replace(/^http/, 'ws');
    if (/^wss?:/.test(href) && !url.hash) return href;
  } catch {
    // Said below.
  }
  throw new TypeError(`'${text}' is no address of a WebSocket: it begins with ws:// or wss://`);
}
