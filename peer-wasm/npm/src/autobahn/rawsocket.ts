import type { Endpoint, WebSocketLike } from '../../index.js';
import { misuse } from './error.js';
import { JSONSerializer, serializerNames, withFunctions } from './serializer.js';
import type { TransportOptions } from './websocket.js';

/** TCP or Unix sockets, where the runtime has them. */
export class RawSocketFactory {
  readonly type = 'rawsocket';
  readonly options: TransportOptions;
  readonly endpoint: Endpoint;
  readonly json: JSONSerializer | undefined;

  constructor(options: TransportOptions) {
    const { host = 'localhost', port, path, protocols, serializers } = options;
    const url = path ? `unix://${path}` : `tcp://${host}:${port}`;
    this.options = options;
    this.endpoint = { url, serializers: serializerNames(serializers ?? [new JSONSerializer()], protocols) };
    this.json = withFunctions(serializers);
  }

  /** Throws where there is nothing to connect to, or nothing to connect with. */
  create(): null {
    const { port, path } = this.options;
    if (!port && !path) throw misuse('You must specify a host/port combination or a unix socket path to connect to');
    if (!(globalThis as any).process?.versions?.node) throw misuse('RawSocket needs a runtime such as Node');
    return null;
  }

  async connect(url: string, protocols: string[]): Promise<WebSocketLike> {
    // The name stands in a variable so that bundlers for browsers do not look for it.
    const name = 'wamplex/rawsocket';
    const { rawSocket } = await import(/* @vite-ignore */ /* webpackIgnore: true */ /* turbopackIgnore: true */ name);
    return rawSocket()(url, protocols);
  }
}
