import type { CallOptions, PublishOptions, RegisterOptions, SubscribeOptions } from '../index.js';

type Dict = Record<string, unknown>;

const PUBLISH = [
  'acknowledge', 'excludeMe', 'discloseMe', 'retain', 'exclude', 'excludeAuthid', 'excludeAuthrole',
  'eligible', 'eligibleAuthid', 'eligibleAuthrole',
] as const;
const SUBSCRIBE = ['match', 'getRetained'] as const;
const CALL = ['timeout', 'discloseMe'] as const;
const REGISTER = ['match', 'invoke', 'discloseCaller', 'concurrency', 'forceReregister'] as const;

export const publishOptions = (options: PublishOptions): Dict => pick(PUBLISH, options);
export const subscribeOptions = (options: SubscribeOptions): Dict => pick(SUBSCRIBE, options);
export const registerOptions = (options: RegisterOptions): Dict => pick(REGISTER, options);

export function callOptions(options: CallOptions, timeout: number): Dict {
  const wire = pick(CALL, options);
  if (timeout > 0) wire['timeout'] ??= Math.ceil(timeout);
  else if (wire['timeout'] === 0) delete wire['timeout'];
  return wire;
}

/** The named options under the names of the protocol, and the raw ones over them. */
function pick<T extends { options?: Readonly<Dict> }>(names: readonly (keyof T & string)[], options: T): Dict {
  const wire: Dict = {};
  for (const name of names) {
    const value = options[name];
    if (value !== undefined) wire[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = value;
  }
  return options.options ? Object.assign(wire, options.options) : wire;
}
