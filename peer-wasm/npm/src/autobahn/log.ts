/** Whether messages are to be printed: a global variable, or one of the environment. */
export function debugging(): boolean {
  const { AUTOBAHN_DEBUG, process } = globalThis as any;
  return Boolean(AUTOBAHN_DEBUG || process?.env?.AUTOBAHN_DEBUG);
}

/** Prints its first argument as JSON, if that is wanted. */
export function debug(...items: unknown[]): void {
  if (debugging()) console.log(JSON.stringify(items[0], (_, value) => (typeof value === 'bigint' ? String(value) : value), '  '));
}

export function warn(...items: unknown[]): void {
  console.warn(...items);
}
