import type { HistoryOptions, Meta, TestamentOptions } from '../../index.js';
import type { Client } from '../client.js';
import { listOf } from '../connection.js';
import { withoutBigints } from '../decode/message.js';
import { eventOf } from '../event.js';
import { wireOptions } from '../options.js';

/** Each noun: its name in URIs, and its procedures, which are `wamp.<name>.<procedure>`. */
const PROCEDURES: Readonly<Record<string, readonly [name: string, procedures: string]>> = {
  sessions: ['session', 'count list get kill killByAuthid killByAuthrole killAll'],
  registrations: ['registration', 'list lookup match get listCallees countCallees removeCallee'],
  subscriptions: ['subscription', 'list lookup match get listSubscribers countSubscribers removeSubscriber'],
  procedures: ['reflection.procedure', 'list describe'],
  topics: ['reflection.topic', 'list describe'],
  errors: ['reflection.error', 'list describe'],
};
type Dict = Readonly<Record<string, any>>;

export function metaOf(client: Client): Meta {
  const raw = async (procedure: string, args: unknown[], options: Dict = {}) => {
    const kwargs = Object.fromEntries(Object.entries(options).map(([name, value]) => [snakeCase(name), value]));
    return (await client.callRaw(`wamp.${procedure}`, { args, kwargs })).args;
  };
  const call = async (procedure: string, args: unknown[], options?: Dict) => withoutBigints((await raw(procedure, args, options))[0]);

  const meta: Record<string, Record<string, unknown>> = {};
  for (const [noun, [name, procedures]] of Object.entries(PROCEDURES)) {
    const verbs: Record<string, unknown> = (meta[noun] = {
      on: (what: string, handler: (info: unknown, event: unknown) => unknown) =>
        client.subscribe(`wamp.${name}.on_${what}`, (event) => handler(withoutBigints(described(name, event.args)), event)),
    });
    for (const verb of procedures.split(' ')) {
      verbs[verb] = (...args: unknown[]) => {
        const given = args.filter((arg) => arg !== undefined);
        // These two have their options among the arguments.
        const last = verb === 'lookup' || verb === 'describe' ? 0 : given.at(-1);
        const options = typeof last === 'object' && !Array.isArray(last) ? (given.pop() as Dict) : undefined;
        return call(`${name}.${snakeCase(verb)}`, given, options);
      };
    }
  }
  meta['subscriptions']!['history'] = async (of: number | { id: number; topic: string }, options: HistoryOptions = {}) => {
    const { id, topic } = typeof of === 'object' ? of : { id: of, topic: options.topic };
    const [first, ...rest] = await raw('subscription.get_events', [id], options);
    // Whether the list is one argument or all of them is not said anywhere.
    return (Array.isArray(first) || first === undefined ? (first ?? []) : [first, ...rest]).map(({ args, kwargs = {}, ...event }: Dict) => {
      const { publication, details = {}, timestamp } = withoutBigints(event);
      return { ...eventOf(topic as string, publication, details, listOf(args), kwargs), timestamp };
    });
  };
  meta['testament'] = {
    add(topic: string, data: unknown, { args = [], kwargs = {}, scope, ...options }: TestamentOptions = {}) {
      const wire = { publish_options: wireOptions(options), scope };
      return call('session.add_testament', [topic, data === undefined ? args : [data, ...args], kwargs], wire);
    },
    flush: (options: Dict) => call('session.flush_testaments', [], options),
  };
  return meta as unknown as Meta;
}

/** The arguments of a meta event by their names. */
function described(name: string, args: readonly unknown[]): unknown {
  const names = ['session', name === 'session' ? 'authid' : name, 'authrole'];
  return Object.assign({}, ...args.map((arg, i) => (typeof arg === 'object' ? arg : { [names[i]!]: arg })));
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
