/** What `await using` calls, or in runtimes that do not know it what nobody does. */
export const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol();
