/** Whether it is what a generator function returns, which need not be an async one. */
export function isGenerator(value: any): value is AsyncGenerator<unknown, unknown, void> {
  return typeof value?.next === 'function' && (Symbol.asyncIterator in value || (Symbol.iterator in value && 'return' in value));
}
