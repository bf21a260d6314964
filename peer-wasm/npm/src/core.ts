import type { SerializerName } from '../index.js';

/** What a message is about; the numbers are those of `peer-wasm/src/machine.rs`. */
export const enum Report {
  Nothing = 0,
  Welcome = 1,
  Challenge = 2,
  /** ABORT, at whatever time. */
  Abort = 3,
  /** The router's GOODBYE, which wants its echo. */
  Goodbye = 4,
  /** A message that ends a request. */
  Reply = 5,
  /** A progressive RESULT. */
  Progress = 6,
  Event = 7,
  Invocation = 8,
  Interrupt = 9,
  /** UNSUBSCRIBED or UNREGISTERED without our asking. */
  Revoked = 10,
  /** The answer to our GOODBYE. */
  Left = 11,
  /** The message may not come now. */
  Violation = 12,
  /** More arguments for an invocation, if it is still served. */
  More = 13,
}

/** Serializers, the one to be preferred first. */
export const SERIALIZERS: readonly SerializerName[] = ['cbor', 'msgpack', 'json'];

/** The codes of messages that this client sends. */
export const enum Code {
  Hello = 1,
  Abort = 3,
  Authenticate = 5,
  Goodbye = 6,
  Error = 8,
  Publish = 16,
  Subscribe = 32,
  Unsubscribe = 34,
  Call = 48,
  Cancel = 49,
  Register = 64,
  Unregister = 66,
  Invocation = 68,
  Yield = 70,
}

/** What the core wants to know of a message beside its ids. */
export const enum Flags {
  /** Of RESULT. */
  Progress = 1,
  /** Of CHALLENGE: the method was offered. */
  Offered = 2,
  /** Of WELCOME: features of the dealer. */
  Canceling = 4,
  ProgressiveInvocations = 8,
}

/** The address of a core. */
export type Core = number;

/** The exports of the compiled module: the functions of `peer-wasm/src/core.rs`. */
export interface CoreModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  create(): Core;
  destroy(core: Core): void;
  /** The address for the bytes of the next message. */
  room(core: Core, length: number): number;
  /** The address of the tape of the message that stands there, or 0 if it is malformed. */
  read(core: Core, cbor: boolean): number;
  /** `kind` is that of the request that an ERROR names, `waiting` the code of the request that waits under this id. */
  receive(core: Core, code: number, request: number, kind: number, waiting: number, flags: Flags): Report;
  /** The id that the next request will have. */
  next(core: Core): number;
  /** Takes the id for a request, to which more arguments may follow. A number below zero if the router does not take those. */
  request(core: Core, streams: boolean): number;
  // Whether the message is to be sent.
  authenticate(core: Core): number;
  cancels(core: Core): number;
  leave(core: Core): number;
  abort(core: Core): number;
}
