import type { Shape } from './encode/index.js';

/** What the compiled core reports; the numbers are those of `peer-wasm/src/report.rs`. */
export const enum Report {
  /** The socket is open; the number is the serializer's index. */
  Open = 0,
  Welcome = 1,
  Challenge = 2,
  /** ABORT, at whatever time. */
  Abort = 3,
  /** The router's GOODBYE, whether it asks or answers. */
  Goodbye = 4,
  /** A message that ends a request; the number is the request's token. */
  Reply = 5,
  /** A progressive RESULT; the number is the call's token. */
  Progress = 6,
  Event = 7,
  Invocation = 8,
  Interrupt = 9,
  /** UNSUBSCRIBED or UNREGISTERED without our asking. */
  Revoked = 10,
  /** The router broke the protocol; the text says how. */
  Violation = 11,
  /** The socket is gone; the number is its close code, the text its reason. */
  Closed = 12,
  Received = 13,
  Sent = 14,
}

/** Serializers by the core's index. */
export const SERIALIZERS = ['json', 'msgpack', 'cbor'] as const;

/** What the core calls: once per report, with no borrow held, so that it may be called back. */
export interface ReportHandler {
  /**
   * Parses a JSON message, keeps it for the reports to come, and returns its head (all but the arguments) in
   * MessagePack: nothing if it is no message.
   */
  parse(text: string): Uint8Array;
  /**
   * With `wordCount` there is a message, and the addresses and counts say where its tape is. Of the messages in JSON,
   * those that were sent come as `text`, and what was received is the one that was parsed last.
   */
  report(
    kind: Report,
    number: number,
    text: string | undefined,
    words: number,
    wordCount: number,
    chars: number,
    charCount: number,
    numbers: number,
    numberCount: number,
  ): void;
}

/**
 * The compiled core of one connection: `Core` in `peer-wasm/src/core.rs`. Commands return the id of the request, or a
 * number below zero that `accepted` has words for.
 */
export interface Core {
  free(): void;
  /** Reports what has happened to the socket already. */
  start(): void;
  /** `authmethods` stand one on a line; `authextra` is a dictionary or nothing. */
  hello(realm: string, authmethods: string, authid: string | undefined, authextra: Uint8Array): void;
  authenticate(signature: string, extra: Uint8Array): void;
  /** What the options say about progress has to be told in the flags, too. */
  call(token: number, procedure: string, receiveProgress: boolean, progress: boolean, split: number, shape: Shape, bytes: Uint8Array): number;
  /** One more chunk of input for a call. */
  callMore(request: number, last: boolean, split: number, shape: Shape, bytes: Uint8Array): number;
  cancel(request: number, mode: CancelMode): number;
  /** There is a token if the options ask for an acknowledgement. */
  publish(token: number | undefined, topic: string, split: number, shape: Shape, bytes: Uint8Array): number;
  subscribe(token: number, topic: string, options: Uint8Array): number;
  unsubscribe(token: number, subscription: number): number;
  register(token: number, procedure: string, options: Uint8Array): number;
  unregister(token: number, registration: number): number;
  yield(request: number, progress: boolean, split: number, shape: Shape, bytes: Uint8Array): number;
  fail(request: number, uri: string, split: number, shape: Shape, bytes: Uint8Array): number;
  /** ABORT, and closes the socket. */
  abort(reason: string, message: string): void;
  /** GOODBYE. */
  leave(reason: string, message: string): void;
  /** Closes the socket. */
  close(): void;
  trace(on: boolean): void;
}

/** How `Core.cancel` knows the modes of CANCEL. */
export const enum CancelMode {
  Skip = 0,
  Kill = 1,
  KillNoWait = 2,
}

const REFUSALS = [
  'the session is closed',
  'the router does not support progressive call invocations',
  'the call takes no more arguments',
];

/** What a command returned, unless it was refused. */
export function accepted(result: number): number {
  if (result >= 0) return result;
  throw new TypeError(REFUSALS[-1 - result]);
}

/** The compiled module, ready to make cores. */
export interface CoreModule {
  readonly memory: { readonly buffer: ArrayBuffer };
  newCore(handler: ReportHandler, socket: unknown): Core;
}
