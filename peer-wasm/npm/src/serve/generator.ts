export function isGenerator(value: unknown): value is AsyncGenerator<unknown, unknown, void> {
  return typeof (value as any)?.[Symbol.asyncIterator] === 'function' && typeof (value as any).next === 'function';
}
