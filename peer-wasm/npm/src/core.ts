import type { SerializerName } from '../index.js';

/** What a message is about; the numbers are those of `peer-wasm/src/machine/mod.rs`. */
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

/** The codes of messages that this client sends or looks for. */
export const enum Code {
  Hello = 1,
  Abort = 3,
  Authenticate = 5,
  Goodbye = 6,
  Error = 8,
  Publish = 16,
  Subscribe = 32,
  Unsubscribe = 34,
  Unsubscribed = 35,
  Call = 48,
  Cancel = 49,
  Register = 64,
  Unregister = 66,
  Invocation = 68,
  Yield = 70,
}

/** When those are slowed down who send much. */
export const enum Flow {
  /** Bytes that wait in the socket. */
  Full = 0x100000,
  /** How many messages they send before whoever reads them, or answers, gets a turn. */
  Burst = 64,
}

/** What the core wants to know of a message beside its ids. */
export const enum Flags {
  /** Of RESULT. */
  Progress = 1,
  /** Of INVOCATION: the id is not above those of all before. */
  Again = 4,
  /** Of WELCOME: features of the dealer. */
  Canceling = 8,
  ProgressiveInvocations = 16,
  /** The first id is zero. */
  Nameless = 32,
}

/** The exports of the compiled module: the functions of `peer-wasm/src/core.rs`. */
export interface CoreModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** The address of a reader. */
  create(): number;
  /** The address for the bytes of the next message. */
  room(reader: number, length: number): number;
  /** The address of the tape of the message that stands there, or 0 if it is malformed. */
  read(reader: number, cbor: boolean): number;
  /**
   * The state of a session, first 0, after a message, times 16, and a report. `kind` is that of the request that an ERROR names,
   * `waiting` the code of the request that waits under this id.
   */
  receive(state: number, code: number, kind: number, waiting: number, flags: Flags): number;
  /** The state after a message is sent, or a number below zero if it is not to be. `streams`: a call to which more arguments may follow. */
  send(state: number, code: Code, streams: boolean): number;
}
