import { debugging } from './debugging.js';

/** Prints its first argument as JSON, if that is wanted. */
export function debug(...items: unknown[]): void {
  if (debugging()) console.log(JSON.stringify(items[0], (_, value) => (typeof value === 'bigint' ? String(value) : value), '  '));
}

export function warn(...items: unknown[]): void {
  console.warn(...items);
}
