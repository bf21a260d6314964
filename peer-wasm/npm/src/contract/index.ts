import type { Contract, Definitions, StandardSchema } from '../../index.js';
import type { Client } from '../client.js';
import { bind, type Methods, type Schemas } from './bind.js';
import { Definition, type ProcedureSchemas, type TopicSchemas } from './definition.js';

export { ValidationError } from './error.js';

type Schema = StandardSchema<any, any>;

/** What a contract does for clients; they know nothing else of it. */
export interface Bound {
  /** Puts the contract between the client and who uses it; or, as a view, beside it. */
  '~bind'(client: Client, view?: boolean): Client;
}

export function topic(data?: Schema): TopicSchemas {
  return { kind: 'topic', data };
}

interface Procedure extends ProcedureSchemas {
  progress(schema?: Schema): Procedure;
}

export function procedure({ input, output, partial }: { input?: Schema; output?: Schema; partial?: Schema } = {}): Procedure {
  return {
    kind: 'procedure', input, output, partial,
    progress: (schema) => procedure({ ...(input && { input }), ...(output && { output }), ...(schema && { partial: schema }) }),
  };
}

export function defineContract<const C extends Definitions>(definitions: C): Contract<C> {
  const all = Object.entries(definitions as Readonly<Record<string, Schemas>>);
  const known = new Map(all.map(([uri, schemas]) => [uri, new Definition(uri, schemas)]));
  // Not among its URIs.
  const value: Bound['~bind'] = (client, view) => {
    const methods = bind(client, known);
    return view ? viewed(client, methods) : Object.assign(client, methods);
  };
  // Not among its URIs.
  return Object.defineProperty({ ...definitions } as Contract<C>, '~bind', { value });
}

/** The client with other methods; whatever else is asked of it, the client itself answers. */
function viewed(client: Client, methods: Methods): Client {
  return new Proxy(client, {
    get(_, name) {
      if (Object.hasOwn(methods, name)) return methods[name as keyof Methods];
      const value: unknown = Reflect.get(client, name);
      return typeof value === 'function' ? value.bind(client) : value;
    },
  });
}
