import type {
  CallOptions, EventMessage, Handler, PublishOptions, RegisterOptions, StreamOptions, SubscribeOptions,
} from '../../index.js';
import type { Client } from '../client.js';
import { toError } from '../errors.js';
import { eventsOf } from '../events.js';
import { CallStream } from '../stream.js';
import type { Subscription } from '../subscription.js';
import type { Emit } from '../table.js';
import { ARGUMENTS, DATA, PROGRESS, RESULT, type Definition, type ProcedureSchemas, type TopicSchemas } from './definition.js';
import { Queue } from './queue.js';
import { receiver, reading } from './receive.js';
import { serving } from './serve.js';
import type { GivenParams } from './template.js';

/** The methods of a client that a contract has to do with. */
export type Methods = Pick<Client, 'call' | 'stream' | 'register' | 'publish' | 'subscribe' | 'events'>;
export type Schemas = TopicSchemas | ProcedureSchemas;
type With<O> = O & { params?: GivenParams };

/** The methods of `client` as the contract has them. URIs that it does not name go through as they are. */
export function bind(client: Client, definitions: ReadonlyMap<string, Definition<Schemas>>): Methods {
  const call = client.call.bind(client);
  const stream = client.stream.bind(client);
  const register = client.register.bind(client);
  const publish = client.publish.bind(client);
  const subscribe = client.subscribe.bind(client);
  const events = client.events.bind(client);
  const queue = new Queue();

  function find<K extends Schemas['kind']>(uri: string, kind: K): Definition<Extract<Schemas, { kind: K }>> | undefined {
    const found = definitions.get(uri);
    if (found && found.schemas.kind !== kind) throw new TypeError(`${uri} is a ${found.schemas.kind} of the contract`);
    return found as any;
  }

  return {
    async call(uri: string, args: readonly unknown[] = [], given: With<CallOptions> = {}) {
      const known = find(uri, 'procedure');
      if (!known) return call(uri, args, given);
      const { input, output } = known.schemas;
      const to = known.address(given);
      const sent = queue.after(known.check(input, args, ARGUMENTS), () => call(to.uri, args, to.options));
      return known.check(output, await sent, RESULT);
    },

    stream(uri: string, args: readonly unknown[] = [], given: With<StreamOptions> = {}) {
      const known = find(uri, 'procedure');
      if (!known) return stream(uri, args, given);
      const { input, output, partial } = known.schemas;
      const to = known.address(given);
      if (!input && !output && !partial) return stream(to.uri, args, to.options);
      const { signal: outer, buffer, ...options } = to.options;
      const emit: Emit = (type, detail) => void tell(client, type, detail);
      return new CallStream(buffer, outer, to.uri, emit, async (signal, progress) => {
        const started = known.check(input, args, ARGUMENTS);
        const inner = await queue.after(started, () => stream(to.uri, args, { ...options, signal }));
        for await (const value of inner) progress(await known.check(partial, value, PROGRESS));
        const result = await inner.raw;
        const [, ...more] = result.args;
        return output ? { ...result, args: [await known.check(output, result.args[0], RESULT), ...more] } : result;
      });
    },

    async register(uri: string, handler: Handler, given: With<RegisterOptions> = {}) {
      const known = find(uri, 'procedure');
      if (!known || typeof handler !== 'function') return register(uri, handler, given);
      const to = known.address(given, true);
      return register(to.uri, serving(known, handler), to.options);
    },

    async publish(uri: string, data?: unknown, given: With<PublishOptions> = {}) {
      const known = find(uri, 'topic');
      if (!known) return publish(uri, data, given);
      const to = known.address(given);
      return queue.after(known.check(known.schemas.data, data, DATA), () => publish(to.uri, data, to.options));
    },

    subscribe: checkedSubscribe,

    events(uri: string, given: With<SubscribeOptions> = {}) {
      if (!find(uri, 'topic')) return events(uri, given);
      return eventsOf(() => checkedSubscribe(uri, given));
    },
  };

  async function checkedSubscribe(
    uri: string, handlerOrOptions?: ((event: EventMessage) => unknown) | With<SubscribeOptions>, given?: With<SubscribeOptions>,
  ): Promise<Subscription> {
    const known = find(uri, 'topic');
    if (!known) return subscribe(uri, handlerOrOptions as any, given);
    const handler = typeof handlerOrOptions === 'function' ? handlerOrOptions : undefined;
    const to = known.address(given ?? (handler ? {} : (handlerOrOptions as With<SubscribeOptions>)) ?? {}, true);
    const receive = receiver(known);
    const refuse = (error: unknown) => refused(client, error);
    if (!handler) return reading(await subscribe(to.uri, to.options), receive, refuse);
    return subscribe(to.uri, (event) => {
      let checked;
      try {
        checked = receive(event);
      } catch (error) {
        return refuse(error);
      }
      return checked instanceof Promise ? checked.then(handler, refuse) : handler(checked);
    }, to.options);
  }
}

/** An event that nobody gets. */
function refused(client: Client, thrown: unknown): void {
  const error = toError(thrown);
  if (tell(client, 'error', { error, where: 'contract' })) console.error('wamplex: an event does not fit the contract:', error);
}

function tell(client: Client, type: string, detail: unknown): boolean {
  return client.dispatchEvent(new CustomEvent(type, { detail, cancelable: type === 'error' }));
}
