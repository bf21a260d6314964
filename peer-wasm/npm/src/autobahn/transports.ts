import { misuse } from './error.js';
import { RawSocketFactory } from './rawsocket.js';
import { WebSocketFactory, type TransportOptions } from './websocket.js';
import type { RawTransport } from './bridge.js';

/** Makes transports of one kind. */
export interface TransportFactory {
  readonly type?: string;
  create(): RawTransport | null;
}

export type TransportFactoryClass = new (options: TransportOptions) => TransportFactory;

const repository = new Map<string, any>([['websocket', WebSocketFactory], ['rawsocket', RawSocketFactory]]);

/** The kinds of transports that connections can use. */
export const transports = {
  register(name: string, factory: TransportFactoryClass): void {
    repository.set(name, factory);
  },

  isRegistered(name: string): boolean {
    return repository.has(name);
  },

  get(name: string): TransportFactoryClass {
    const factory = repository.get(name);
    if (!factory) throw misuse(`no such transport: ${name}`);
    return factory;
  },

  list(): string[] {
    return [...repository.keys()];
  },
};
