import type { Endpoint, SerializerName, WebSocketLike } from '../../index.js';
import { JSONSerializer, MsgpackSerializer, serializerNames, withFunctions, type Serializer } from './serializer.js';
import { assert } from './util.js';

/** One element of the option `transports`. */
export interface TransportOptions {
  type?: string;
  url?: string;
  protocols?: readonly string[] | null;
  serializers?: readonly Serializer[] | null;
  tlsConfiguration?: Readonly<Record<string, unknown>> | null;
  [more: string]: unknown;
}

/** The transport that is built in. The client makes its WebSockets, so there is nothing to `create`. */
export class WebSocketFactory {
  readonly type = 'websocket';
  readonly options: TransportOptions;
  readonly endpoint: Endpoint;
  /** Of `JSONSerializer`s with functions that change values, the first. */
  readonly json: JSONSerializer | undefined;
  readonly connect: ((url: string, protocols: string[]) => Promise<WebSocketLike>) | undefined;

  constructor(options: TransportOptions) {
    const { url, serializers = [new JSONSerializer(), new MsgpackSerializer()], protocols } = options;
    assert(url !== undefined, 'options.url missing');
    assert(typeof url === 'string', 'options.url must be a string');
    assert(!serializers || Array.isArray(serializers), 'options.serializers must be an array');
    assert(!protocols || Array.isArray(protocols), 'options.protocols must be an array');
    const names: readonly SerializerName[] = serializerNames(serializers ?? [], protocols);
    this.options = options;
    this.endpoint = { url, serializers: names };
    this.json = withFunctions(serializers);
    const { tlsConfiguration: tls } = options;
    if (tls) this.connect = (address, offered) => socketWithTls(address, offered, tls);
  }

  /** Throws if there is nothing at this address that a WebSocket could connect to. */
  create(): null {
    const { protocol } = new URL(this.endpoint.url as string, globalThis.location?.href);
    assert(/^(ws|http)s?:$/.test(protocol), `a WebSocket cannot connect to ${protocol}`);
    return null;
  }
}

/** Sockets with certificates of their own, which only the package `ws` can make. */
async function socketWithTls(url: string, protocols: string[], tls: object): Promise<WebSocketLike> {
  // The name stands in a variable so that bundlers for browsers do not look for it.
  const name = 'ws';
  const { WebSocket } = await import(/* @vite-ignore */ /* webpackIgnore: true */ /* turbopackIgnore: true */ name);
  return new WebSocket(url, protocols, tls);
}
