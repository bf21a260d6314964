import type {
  CallOptions, EventMessage, Handler, Kwargs, PublishOptions, RegisterOptions, Result, StreamOptions, SubscribeOptions,
} from '../../index.js';
import { limited } from '../abort.js';
import type { Client } from '../client.js';
import { toError } from '../errors.js';
import { eventsOf } from '../events.js';
import { CallStream } from '../stream.js';
import type { Subscription } from '../subscription.js';
import type { Emit } from '../table.js';
import {
  ARGUMENTS, DATA, KEYWORD_RESULTS, KWARGS, PROGRESS, RESULT, both, type Definition, type Later, type ProcedureSchemas,
  type TopicSchemas,
} from './definition.js';
import { Queue } from './queue.js';
import { receiver, reading } from './receive.js';
import { isUnchecked, serving } from './serve.js';
import type { GivenParams } from './template.js';

/** The methods of a client that a contract has to do with. */
export type Methods = Pick<Client, 'call' | 'stream' | 'register' | 'publish' | 'subscribe' | 'events'>;
export type Schemas = TopicSchemas | ProcedureSchemas;
type With<O> = O & { params?: GivenParams };

/** The methods of `client` as the contract has them. URIs that it does not name go through as they are. */
export function bind(client: Client, definitions: ReadonlyMap<string, Definition<Schemas>>): Methods {
  const call = client.call.bind(client);
  const callRaw = client.callRaw.bind(client);
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
      const { output, outputKwargs } = known.schemas;
      const to = known.address(given);
      const go = async () => {
        const checked = checkSent(known, args, to.options.kwargs);
        if (!outputKwargs) return known.judge(output, await queue.after(checked, () => call(to.uri, args, to.options)), RESULT);
        const result = await queue.after(checked, () => callRaw(to.uri, args, to.options));
        return (await checkResult(known, result)).args[0];
      };
      return limited(go(), to.options.signal, 0);
    },

    stream(uri: string, args: readonly unknown[] = [], given: With<StreamOptions> = {}) {
      const emit: Emit = (type, detail) => void tell(client, type, detail);
      let known: Definition<ProcedureSchemas> | undefined;
      let to: { uri: string; options: StreamOptions };
      try {
        known = find(uri, 'procedure');
        to = known?.address(given) ?? { uri, options: given };
      } catch (error) {
        return new CallStream(undefined, undefined, uri, emit, () => Promise.reject(error));
      }
      if (!known || isUnchecked(known.schemas)) return stream(to.uri, args, to.options);
      return checkedStream(known, to, args, emit);
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
      const { data: schema, kwargs } = known.schemas;
      const to = known.address(given);
      const checked = both(known.judge(schema, data, DATA), () => known.judge(kwargs, to.options.kwargs ?? {}, KWARGS));
      return limited(Promise.resolve(queue.after(checked, () => publish(to.uri, data, to.options))), to.options.signal, 0);
    },

    subscribe: checkedSubscribe,

    events(uri: string, given: With<SubscribeOptions> = {}) {
      if (!find(uri, 'topic')) return events(uri, given);
      return eventsOf(() => checkedSubscribe(uri, given));
    },
  };

  function checkedStream(
    known: Definition<ProcedureSchemas>, to: { uri: string; options: StreamOptions }, args: readonly unknown[], emit: Emit,
  ): CallStream {
    const { signal: outer, buffer, ...options } = to.options;
    return new CallStream(buffer, outer, to.uri, emit, (signal, progress) => {
      const go = async () => {
        const checked = checkSent(known, args, options.kwargs);
        const inner = await queue.after(checked, () => stream(to.uri, args, { ...options, signal }));
        for await (const value of inner) progress(await known.judge(known.schemas.partial, value, PROGRESS));
        return checkResult(known, await inner.raw);
      };
      return limited(go(), signal, 0);
    });
  }

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

function checkSent(known: Definition<ProcedureSchemas>, args: readonly unknown[], named: Kwargs = {}): Later<unknown> {
  const { input, kwargs } = known.schemas;
  return both(known.judge(input, args, ARGUMENTS), () => known.judge(kwargs, named, KWARGS));
}

/** The result as callers get it, or an error. */
async function checkResult(known: Definition<ProcedureSchemas>, result: Result): Promise<Result> {
  const { output, outputKwargs } = known.schemas;
  const [first, ...more] = result.args;
  const [value, kwargs] = await both(known.judge(output, first, RESULT), () => known.judge(outputKwargs, result.kwargs, KEYWORD_RESULTS));
  return { ...result, args: output ? [value, ...more] : result.args, kwargs };
}

/** An event that nobody gets. */
function refused(client: Client, thrown: unknown): void {
  const error = toError(thrown);
  if (tell(client, 'error', { error, where: 'contract' })) console.error('wamplex: an event does not fit the contract:', error);
}

function tell(client: Client, type: string, detail: unknown): boolean {
  return client.dispatchEvent(new CustomEvent(type, { detail, cancelable: type === 'error' }));
}
