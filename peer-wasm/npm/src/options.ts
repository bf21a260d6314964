import type { CallOptions, PublishOptions, RegisterOptions, SubscribeOptions } from '../index.js';

type Dict = Record<string, unknown>;
type Check = (value: unknown) => boolean;
type Options = PublishOptions & SubscribeOptions & CallOptions & RegisterOptions;

const isBoolean: Check = (value) => typeof value === 'boolean';
const isNumber: Check = (value) => Number.isInteger(value) && (value as number) >= 0;
const isString: Check = (value) => typeof value === 'string';
const listOf = (check: Check): Check => (value) => Array.isArray(value) && value.every(check);

/** Names of options, what their values have to be, and how that is called. No two messages mean different things by one name. */
const KINDS: readonly (readonly [names: string, check: Check, kind: string])[] = [
  ['acknowledge exclude_me disclose_me retain get_retained progress receive_progress disclose_caller force_reregister forward_timeout', isBoolean, 'a boolean'],
  ['exclude eligible', listOf(isNumber), 'a list of numbers'],
  ['exclude_authid exclude_authrole eligible_authid eligible_authrole', listOf(isString), 'a list of strings'],
  ['timeout concurrency', isNumber, 'a number'],
  ['rkey nkey ppt_scheme ppt_serializer ppt_cipher ppt_keyid', isString, 'a string'],
  oneOf('match', 'exact, prefix, wildcard'),
  oneOf('invoke', 'single, roundrobin, random, first, last'),
  oneOf('runmode', 'partition'),
  oneOf('mode', 'skip, kill, killnowait'),
];

function oneOf(name: string, words: string): [string, Check, string] {
  return [name, (value) => words.split(', ').includes(value as string), `one of ${words}`];
}

/** Options that are not sent. */
const OTHERS = /^(options|ppt|signal|args|kwargs|buffer|ongap|cancelMode|idempotent|input|params)$/;

/** Names of the protocol, by those that this package has for them. */
const SPELLED = new Map<string, string>();
/** What throws unless a value is one for the option. */
const CHECKS = new Map<string, (value: unknown) => void>();
for (const [names, check, kind] of KINDS) {
  for (const name of names.split(' ')) {
    SPELLED.set(name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()), name);
    CHECKS.set(name, (value) => {
      if (!check(value)) throw new TypeError(`${name} must be ${kind}`);
    });
  }
}

/**
 * The named options under the names of the protocol, and the raw ones over them. A router ends the session over an
 * option of the wrong type, so each is checked before it is sent.
 */
export function wireOptions(options: Partial<Options>): Dict {
  const wire: Dict = { ...options.options };
  const add = (name: string | undefined, value: unknown) => {
    if (name && value != null) wire[name] ??= value;
  };
  // What is not given costs nothing: most messages have no options at all.
  for (const name in options) {
    const spelled = SPELLED.get(name);
    if (!spelled && !OTHERS.test(name) && Object.hasOwn(options, name)) throw new TypeError(`there is no option '${name}'`);
    add(spelled, options[name as keyof Options]);
  }
  for (const name in options.ppt) add(`ppt_${name}`, options.ppt[name as keyof Options['ppt']]);
  return checked(wire);
}

/** The same, if all of it may be sent. */
export function checked<T extends Dict>(wire: T): T {
  for (const name in wire) if (wire[name] != null) CHECKS.get(name)?.(wire[name]);
  return wire;
}

/** Throws unless an option is left out, or is a time or a count; `words` has what it may be else. */
export function checkNumber(name: string, value: any, words = ''): void {
  if (value !== undefined && !(value >= 0 || words.includes(`'${value}'`))) throw new TypeError(`${name} must be ${words}a number from 0 up`);
}

/** `limit` is what is left of the time limit, or 0. */
export function callOptions(options: CallOptions, limit: number): Dict {
  return wireOptions({ ...options, timeout: limit > 0 && limit < Infinity ? Math.ceil(limit) : undefined });
}
