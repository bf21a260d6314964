/**
 * The contract of the application, for hooks that get their client from a provider:
 *
 * ```ts
 * declare module 'wamplex' {
 *   interface Register { contract: typeof api }
 * }
 * ```
 */
export interface Register {}

export {};
