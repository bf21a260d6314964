/** Whether messages are to be printed: a global variable says so, or one of the environment. */
export function debugging(): boolean {
  const { AUTOBAHN_DEBUG, process } = globalThis as any;
  return Boolean(AUTOBAHN_DEBUG || process?.env?.AUTOBAHN_DEBUG);
}
