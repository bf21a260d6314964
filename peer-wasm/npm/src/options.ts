import type { CallOptions, PassthruOptions, PublishOptions, RegisterOptions, SubscribeOptions } from '../index.js';

type Dict = Record<string, unknown>;

/** What a value has to be: one of the types below, or one of some words. */
type Kind = 'boolean' | 'number' | 'string' | 'numbers' | 'strings' | readonly string[];
type Options = PublishOptions & SubscribeOptions & CallOptions & RegisterOptions & { progress?: boolean; receiveProgress?: boolean };

/** Of calls; it starts before the message is made. */
const TIMEOUT = 'timeout';

/** No two messages mean different things by one name. */
const KINDS: { readonly [K in keyof Options & string]?: Kind } = {
  acknowledge: 'boolean', excludeMe: 'boolean', discloseMe: 'boolean', retain: 'boolean', getRetained: 'boolean',
  progress: 'boolean', receiveProgress: 'boolean', discloseCaller: 'boolean', forceReregister: 'boolean', forwardTimeout: 'boolean',
  exclude: 'numbers', excludeAuthid: 'strings', excludeAuthrole: 'strings',
  eligible: 'numbers', eligibleAuthid: 'strings', eligibleAuthrole: 'strings',
  timeout: 'number', concurrency: 'number', rkey: 'string', nkey: 'string', runmode: ['partition'],
  match: ['exact', 'prefix', 'wildcard'], invoke: ['single', 'roundrobin', 'random', 'first', 'last'],
};

export const publishOptions = (options: PublishOptions): Dict => withPassthru(options.ppt, onWire(options));
export const subscribeOptions = (options: SubscribeOptions): Dict => onWire(options);
export const registerOptions = (options: RegisterOptions): Dict => onWire(options);

/** `limit` is what is left of the time limit, or 0. */
export function callOptions(options: CallOptions, limit: number): Dict {
  const wire = onWire(options);
  if (limit > 0 && limit < Infinity) wire[TIMEOUT] ??= Math.ceil(limit);
  return withPassthru(options.ppt, wire);
}

function withPassthru(ppt: PassthruOptions | undefined, wire: Dict): Dict {
  return ppt ? { ...passthruOptions(ppt), ...wire } : wire;
}

/** `ppt_scheme` and so on. */
export function passthruOptions(ppt: PassthruOptions | undefined): Dict {
  const wire: Dict = {};
  for (let [name, value] of Object.entries(ppt ?? {})) {
    check((name = `ppt_${name}`), value, 'string');
    wire[name] = value;
  }
  return wire;
}

export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * The named options under the names of the protocol, and the raw ones over them. A router ends the session over an
 * option of the wrong type, so each is checked before it is sent.
 */
function onWire(options: Partial<Options>): Dict {
  const wire: Dict = { ...options.options };
  // What is not given costs nothing: most messages have no options at all.
  for (const name in options) {
    if (options[name as keyof Options] != null && name !== TIMEOUT && Object.hasOwn(KINDS, name)) wire[snakeCase(name)] ??= options[name as keyof Options];
  }
  for (const key in wire) {
    const name = camelCase(key) as keyof Options;
    if (wire[key] != null && Object.hasOwn(KINDS, name)) check(key, wire[key], KINDS[name]!);
  }
  return wire;
}

function check(key: string, value: unknown, kind: Kind): void {
  if (typeof kind !== 'string') {
    if (!kind.includes(value as string)) throw new TypeError(`${key} must be one of ${kind.join(', ')}`);
  } else if (kind === 'numbers' || kind === 'strings') {
    const type = kind.slice(0, -1);
    const good = Array.isArray(value) && value.every((item) => isA(type, item));
    if (!good) throw new TypeError(`${key} must be a list of ${kind}`);
  } else if (!isA(kind, value)) {
    throw new TypeError(`${key} must be a ${kind}`);
  }
}

function isA(type: string, value: unknown): boolean {
  return typeof value === type && (type !== 'number' || (Number.isInteger(value) && (value as number) >= 0));
}
