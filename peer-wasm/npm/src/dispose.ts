/** Makes instances of a class usable with `await using`, in runtimes that know the symbol. */
export function disposable(prototype: object, dispose: (this: any) => Promise<void>): void {
  const symbol = (Symbol as { asyncDispose?: symbol }).asyncDispose;
  if (symbol) Object.defineProperty(prototype, symbol, { value: dispose, writable: true, configurable: true });
}
