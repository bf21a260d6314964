import type { Parsed } from './json-input.ts';

export type Match = 'exact' | 'prefix' | 'wildcard';

const WITHOUT_EMPTY = /^([^\s.#]+\.)*[^\s.#]+$/;
const PREFIX = /^([^\s.#]+\.)*[^\s.#]*$/;
const WITH_EMPTY = /^(([^\s.#]+\.)|\.)*([^\s.#]+)?$/;

/** Says in a sentence why a text is no URI for a topic or procedure, or returns undefined when it is one. WAMP: URIs, loose rule. */
export function uriFault(text: string, match: Match = 'exact'): string | undefined {
  if (text === '' && match === 'exact') return 'Write a URI here, such as com.example.hello.';
  if (/\s/.test(text)) return 'A URI has no spaces in it.';
  if (text.includes('#')) return 'A URI has no # in it: routers keep that sign for themselves.';
  if (match === 'wildcard') return WITH_EMPTY.test(text) ? undefined : 'This is not a URI pattern.';
  if (match === 'prefix') return PREFIX.test(text) ? undefined : 'A prefix may end in a dot, but has no empty part before it.';
  if (WITHOUT_EMPTY.test(text)) return undefined;
  return 'A URI has no empty part: no dot at an end and no two dots together. Only a wildcard pattern may have one.';
}

/** Reads a URI from a text field, without the spaces around it. */
export function parseUri(text: string): Parsed<string> {
  const value = text.trim();
  const sentence = uriFault(value);
  return sentence === undefined ? { ok: true, value } : { ok: false, sentence };
}
