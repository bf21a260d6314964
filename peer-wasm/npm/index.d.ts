/**
 * Wamplex: a WAMP v2 client for browsers, Node, Deno, Bun and workers.
 *
 * These declarations need nothing but `lib: ["es2022"]`. Where the consumer's own
 * libraries know `AbortSignal`, `WebSocket`, `CustomEvent`, `ReadableStream` or
 * `Symbol.asyncDispose`, the real types are used.
 */

export * from './declarations/auth.js';
export * from './declarations/calls.js';
export * from './declarations/client.js';
export * from './declarations/connection.js';
export { defineContract, procedure, topic } from './declarations/contract.js';
export type {
  Contract, ContractOption, Definitions, Issue, ParamValues, Params, PatternOptions, ProcedureDefinition, ProcedureUri, StandardSchema,
  TopicDefinition, TopicUri, Untyped,
} from './declarations/contract.js';
export * from './declarations/errors.js';
export * from './declarations/events.js';
export * from './declarations/meta.js';
export * from './declarations/passthru.js';
export * from './declarations/procedures.js';
export * from './declarations/register.js';
export type { UrlLike, WasmSource, WebSocketLike } from './declarations/runtime.js';
export * from './declarations/values.js';
