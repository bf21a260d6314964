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
  /** `authmethods` stand one on a line; `authid` may be empty, `authextra` is a dictionary or nothing. */
  hello(realm: string, authmethods: string, authid: string, authextra: Uint8Array): void;
  authenticate(signature: string, extra: Uint8Array): void;
  /** There is a token unless nobody waits for an answer. The flags say again what the options say about progress. */
  request(
    kind: Code, token: number | undefined, uri: string, flags: CallFlags, split: number, shape: Shape, bytes: Uint8Array,
  ): number;
  /** One more chunk of input for a call. */
  callMore(request: number, procedure: string, last: boolean, split: number, shape: Shape, bytes: Uint8Array): number;
  cancel(request: number, mode: CancelMode): number;
  giveUp(kind: Code, token: number, of: number): number;
  /** YIELD, or ERROR with this URI. */
  answer(request: number, kind: Answer, error: string, split: number, shape: Shape, bytes: Uint8Array): number;
  /** ABORT, and closes the socket. */
  abort(reason: string, message: string): void;
  /** GOODBYE. */
  leave(reason: string, message: string): void;
  /** Closes the socket. */
  close(): void;
  trace(on: boolean): void;
}

/** The codes of requests. */
export const enum Code {
  Publish = 16,
  Subscribe = 32,
  Unsubscribe = 34,
  Call = 48,
  Register = 64,
  Unregister = 66,
}

export const enum CallFlags {
  None = 0,
  ReceiveProgress = 1,
  Progress = 2,
}

/** What answers an invocation. */
export const enum Answer {
  Result = 0,
  Progress = 1,
  Error = 2,
}

/** How `Core.cancel` knows the modes of CANCEL. */
export const enum CancelMode {
  Skip = 0,
  Kill = 1,
  KillNoWait = 2,
  /** `Kill`, whose answer is reported. */
  KillAndWait = 3,
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
