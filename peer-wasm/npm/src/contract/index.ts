import type { Contract, Definitions } from '../../index.js';
import type { Client } from '../client.js';
import { bind, type Methods, type Schemas } from './bind.js';
import { Definition, type ProcedureSchemas, type Schema, type TopicSchemas } from './definition.js';

export { ValidationError } from './error.js';

/** What a contract does for clients; they know nothing else of it. */
export interface Bound {
  /** Puts the contract between the client and who uses it; or, as a view, beside it. */
  '~bind'(client: Client, view?: boolean): Client;
}

export function topic(given: Schema | Omit<TopicSchemas, 'kind'> = {}): TopicSchemas {
  return { ...validators(isValidator(given) ? { data: given } : given, ['data', 'kwargs']), kind: 'topic' };
}

type Given = Omit<ProcedureSchemas, 'kind' | 'partial'>;
interface Procedure extends ProcedureSchemas {
  progress(schema?: Schema): Procedure;
}

export function procedure(given: Given = {}): Procedure {
  return withProgress(validators(given, ['input', 'kwargs', 'output', 'outputKwargs']));
}

function withProgress(schemas: Omit<ProcedureSchemas, 'kind'>): Procedure {
  const progress = (partial?: Schema) => withProgress({ ...schemas, ...validators({ partial }, ['partial']) });
  return { ...schemas, kind: 'procedure', progress };
}

/** The same, if there is nothing else in it. */
function validators<T extends object>(given: T, names: readonly string[]): T {
  for (const name in Object(given)) {
    const schema: unknown = given[name as keyof T];
    if (!names.includes(name)) throw new TypeError(`${name} stands where only validators are: ${names.join(', ')}`);
    if (schema !== undefined && !isValidator(schema)) throw new TypeError(`${name} is no validator of Standard Schema`);
  }
  return given;
}

function isValidator(given: unknown): given is Schema {
  return typeof (given as Partial<Schema> | null)?.['~standard']?.validate === 'function';
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
