// Compiled and never run: what is exported is what index.d.ts declares. Of clients those without a contract are compared:
// the others are made of the same methods.
import type * as declared from '../index.js';
import * as exported from './api.js';

type Untyped = Omit<typeof declared, 'Client' | 'connect'> & {
  Client: new (endpoint: declared.EndpointInput, options: declared.ClientOptions) => declared.Client;
  connect(endpoint: declared.EndpointInput, options: declared.ClientOptions): Promise<declared.Client>;
};

exported satisfies Untyped;
