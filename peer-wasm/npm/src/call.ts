import type { CallOptions, Payload, Result } from '../index.js';
import { Timer, onAbort } from './abort.js';
import { listOf, type Connection, type Pending } from './connection.js';
import { Code } from './core.js';
import type { Message } from './decode/message.js';
import { elements } from './encode/index.js';
import { callOptions, checked } from './options.js';

/** How the router is to cancel a call. */
type CancelOptions = { mode?: unknown };

/** Who follows a call closely. */
export interface CallTap {
  /** The call is on its way. */
  sent(call: OutgoingCall): void;
  progress(result: Result): void;
}

/** One call on its way: sends CALL, then CANCEL when it is given up. */
export class OutgoingCall<T = any> implements Pending {
  /** What `pick` makes of the RESULT. */
  readonly result: Promise<T>;
  readonly #connection: Connection;
  readonly #procedure: string;
  readonly #mode: CancelOptions;
  readonly #pick: (message: Message) => T;
  readonly #listener: ((message: Message) => void) | undefined;
  /** As sent: later chunks of input repeat them. */
  readonly #options: Record<string, unknown>;
  readonly #request: number;
  readonly #timer: Timer | undefined;
  readonly #release: (() => void) | undefined;
  #resolve!: (result: T) => void;
  #reject!: (error: unknown) => void;
  #settled = false;
  #killed = false;
  /** Set by the connection. */
  declare code?: Code;

  /** There is no time limit if `limit` is 0. */
  constructor(
    connection: Connection,
    procedure: string,
    payload: Payload,
    options: CallOptions,
    limit: number,
    pick: (message: Message) => T,
    listener?: (message: Message) => void,
  ) {
    this.#connection = connection;
    this.#procedure = procedure;
    this.#mode = checked({ mode: options.cancelMode ?? 'killnowait' });
    this.#pick = pick;
    this.#listener = listener;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const wire = callOptions(options, limit);
    this.#options = wire;
    this.#request = connection.request(Code.Call, [wire, procedure, ...elements(payload)], this, wire['progress'] === true);
    this.#timer = limit > 0 ? new Timer(limit, (error) => this.giveUp(error)) : undefined;
    this.#release = onAbort(options.signal, (reason) => this.giveUp(reason));
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Whether the network should take what was sent before there is more. */
  get isFull(): boolean {
    return !this.#settled && this.#connection.isFull;
  }

  /** RESULT. */
  resolve(message: Message): void {
    if (this.#end()) this.#resolve(this.#pick(message));
  }

  /** ERROR, or the end of the session. */
  reject(error: unknown): void {
    if (this.#end()) this.#reject(error);
  }

  /** A progressive RESULT. */
  progress(message: Message): void {
    if (this.#killed) return;
    // The time limit is for the pause between two results.
    this.#timer?.restart();
    this.#listener?.(message);
  }

  /** Cancels the call and rejects at once; what the router still says about it is ignored. */
  giveUp(reason: unknown, how = this.#mode): void {
    if (this.#settled) return;
    this.reject(reason);
    this.#connection.cancel(this.#request, checked(how));
  }

  /** Cancels the call, which ends as the router says. */
  kill(): void {
    if (this.#settled || this.#killed) return;
    this.#killed = true;
    this.#connection.cancel(this.#request, { mode: 'kill' }, true);
  }

  /** Progressive call invocation: one more chunk of input. */
  more(payload: Payload, last: boolean): void {
    if (this.#settled) return;
    const { progress: _, ...rest } = this.#options;
    this.#connection.tell([Code.Call, this.#request, last ? rest : this.#options, this.#procedure, ...elements(payload)]);
  }

  /** Whether it has not ended before. */
  #end(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#timer?.stop();
    // An aborted signal ends it before there is anything to release.
    this.#release?.();
    return true;
  }
}

/** What a RESULT carries. */
export function resultOf([, , details, args, kwargs]: Message): Result {
  return { args: listOf(args), kwargs: kwargs ?? {}, details };
}

/** The first positional argument of a RESULT. */
export function valueOf({ 3: args }: Message): unknown {
  return Array.isArray(args) ? args[0] : args;
}

/** Arguments given as a list or as a payload. */
export function payloadOf(input: readonly unknown[] | Payload | undefined): Payload {
  return Array.isArray(input) ? { args: input } : ((input ?? {}) as Payload);
}
