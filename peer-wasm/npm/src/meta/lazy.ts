import type { Meta } from '../../index.js';
import type { Client } from '../client.js';
import { loaded } from '../loaded.js';

/** The meta API, in a module of its own that is loaded when it is used. */
export function lazyMeta(client: Client): Meta {
  const named = (get: (name: string) => unknown) =>
    // Nothing of this is a promise.
    new Proxy({}, { get: (_, name) => (name === 'then' ? undefined : get(name as string)) });
  return named((noun) =>
    named((verb) => async (...args: unknown[]) => (await loaded('meta.js', import('wamplex:meta'))).metaOf(client)[noun][verb](...args))) as Meta;
}
