import { Client } from 'wamplex';
import type { Authenticator, ClientOptions, Endpoint, TraceDetail, WampError } from '../../index.js';
import { asWebSocket, type RawTransport, type TransportInfo } from './bridge.js';
import { type JSONSerializer } from './serializer.js';
import { RawSocketFactory } from './rawsocket.js';
import { WebSocketFactory } from './websocket.js';

/** Why a transport is gone. */
export interface Ending {
  readonly wasClean: boolean;
  readonly cause?: WampError | undefined;
  /** The router has asked for a proof that nobody could give. */
  readonly speechless?: boolean;
}

/** Factories that only say where to connect, since the client makes the sockets. */
export type BuiltIn = WebSocketFactory | RawSocketFactory;

export function isBuiltIn(factory: object): factory is BuiltIn {
  return factory instanceof WebSocketFactory || factory instanceof RawSocketFactory;
}

type Settings = Partial<ClientOptions>;

/** What carries the messages of one attempt to connect: where to, how, and the client that does it. */
export class Transport {
  readonly info: Required<TransportInfo>;
  onclose: (ending: Ending) => void = () => {};
  /** Somebody wants the end of the transport, whatever the session says. */
  closing = false;
  client: Client | undefined;
  readonly #endpoints: readonly Endpoint[];
  readonly #settings: Settings;

  constructor(info: TransportInfo, endpoints: readonly Endpoint[], settings: Settings, readonly json?: JSONSerializer) {
    this.info = { type: info.type ?? 'websocket', url: info.url ?? null, protocol: null };
    this.#endpoints = endpoints;
    this.#settings = settings;
  }

  /** One of those that are built in; it may go through several addresses. */
  static builtIn(factories: readonly BuiltIn[], settings: Settings): Transport {
    const [first] = factories as [BuiltIn];
    const { type, endpoint, json, options } = first;
    const sockets: Settings = first.connect ? { webSocket: (url, protocols) => first.connect!(url, protocols) } : {};
    const endpoints = factories.map((factory) => factory.endpoint);
    return new Transport({ type, url: String(endpoint.url) }, endpoints, { ...pings(options), ...sockets, ...settings }, json);
  }

  /** One that the application has made. */
  static raw(raw: RawTransport, type: string, settings: Settings): Transport {
    const url = raw.info?.url ?? 'ws://localhost/';
    // It may open, or fail, before the client is ready.
    const socket = asWebSocket(raw);
    return new Transport({ type, ...raw.info }, [{ url, serializers: ['json'] }], { ...settings, webSocket: () => socket });
  }

  connect(realm: string, auth: readonly Authenticator[], debug: ((line: TraceDetail) => void) | undefined): Client {
    // Programs that were written for AutobahnJS know numbers only.
    const options = { bigint: 'never', ...this.#settings, realm, auth, reconnect: false, ...(debug && { debug }) };
    return (this.client = new Client(this.#endpoints, options as ClientOptions));
  }

  opened(url: string, serializer: string): void {
    Object.assign(this.info, { url, protocol: `wamp.2.${serializer}` });
  }

  /** Ends it, with a GOODBYE where there is a session. */
  close(): void {
    if (this.closing) return;
    this.closing = true;
    if (!this.client || this.client.state === 'closed') this.onclose({ wasClean: true });
    else void this.client.close();
  }
}

/** What a connection without a transport shows. */
export const NO_TRANSPORT = Object.freeze({ info: Object.freeze({ type: 'none', url: null, protocol: null }) });

/** How to find out that the router is gone; intervals in seconds. */
export function pings({ autoping_interval: interval, autoping_timeout: timeout }: Readonly<Record<string, unknown>>): Settings {
  if (typeof interval !== 'number') return {};
  const heartbeat = interval > 0 && { interval: interval * 1000, ...(typeof timeout === 'number' && { timeout: timeout * 1000 }) };
  return { heartbeat } as Settings;
}
