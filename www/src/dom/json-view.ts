import { shorten, toJson, tokens } from '../model/json-text.ts';
import { make } from './element.ts';

/**
 * Shows a value as coloured JSON.
 *
 * @param indent 0 for one line
 * @param limit how many characters are shown, at most
 */
export function jsonView(value: unknown, indent = 0, limit = 20_000): HTMLElement {
  const view = make('code', 'json');
  for (const { text, type } of tokens(shorten(toJson(value, indent), limit))) {
    view.append(type === 'plain' ? text : make('span', type, text));
  }
  return view;
}

/**
 * Shows a payload: its arguments, and its keyword arguments where there are any.
 *
 * @param limit how many characters are shown of each, at most
 */
export function payloadView(args: readonly unknown[], kwargs: { readonly [key: string]: unknown } = {}, limit = 20_000): HTMLElement {
  const view = make('span', 'payload', jsonView(args, 0, limit));
  if (Object.keys(kwargs).length > 0) view.append(' ', jsonView(kwargs, 0, limit));
  return view;
}
