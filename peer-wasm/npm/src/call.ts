import type { CallOptions, Payload, Result, StreamOptions } from '../index.js';
import { Timer, onAbort } from './abort.js';
import { CANCEL_MODES, listOf, type Connection } from './connection.js';
import { Code, Flags } from './core.js';
import type { Message } from './decode/message.js';
import { elements } from './encode/index.js';
import { callOptions } from './options.js';

/** Who follows a call closely. */
export interface CallTap {
  /** The call is on its way. */
  sent(call: OutgoingCall): void;
  progress(result: Result): void;
}

/** One call on its way: sends CALL, then CANCEL when it is given up. */
export class OutgoingCall {
  readonly result: Promise<Message>;
  readonly #connection: Connection;
  readonly #procedure: string;
  readonly #mode: string;
  /** As sent: later chunks of input repeat them. */
  readonly #options: Record<string, unknown>;
  #request = 0;
  #settle!: { resolve(message: Message): void; reject(error: unknown): void };
  #timer: Timer | undefined;
  #release: (() => void) | undefined;
  #settled = false;

  constructor(
    connection: Connection,
    procedure: string,
    payload: Payload,
    options: CallOptions & { readonly limit: number },
    progress?: (message: Message) => void,
  ) {
    this.#connection = connection;
    this.#procedure = procedure;
    this.#mode = checked(options.cancelMode ?? 'killnowait');
    this.result = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    const pending = {
      resolve: (message: Message) => this.#end(() => this.#settle.resolve(message)),
      reject: (error: unknown) => this.#end(() => this.#settle.reject(error)),
      ...(progress && { progress: (message: Message) => this.#progress(progress, message) }),
    };
    const wire = callOptions(options, options.limit);
    this.#options = wire;
    const flags = (wire['receive_progress'] === true ? Flags.ReceiveProgress : 0) | (wire['progress'] === true ? Flags.Progress : 0);
    this.#request = connection.request(Code.Call, [wire, procedure, ...elements(payload)], pending, flags);
    this.#timer = new Timer(options.limit, (error) => this.giveUp(error));
    this.#release = onAbort(options.signal, (reason) => this.giveUp(reason));
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Cancels the call and rejects at once; what the router still says about it is ignored. */
  giveUp(reason: unknown, mode: string = this.#mode): void {
    if (this.#settled) return;
    checked(mode);
    this.#end(() => this.#settle.reject(reason));
    this.#connection.cancel(this.#request, mode);
  }

  /** Cancels the call, which ends as the router says. */
  kill(): void {
    if (!this.#settled) this.#connection.cancel(this.#request, 'kill', true);
  }

  /** Progressive call invocation: one more chunk of input. */
  more(payload: Payload, last: boolean): void {
    if (this.#settled) return;
    const { progress: _, ...rest } = this.#options;
    this.#connection.more(this.#request, last, [last ? rest : this.#options, this.#procedure, ...elements(payload)]);
  }

  #progress(listener: (message: Message) => void, message: Message): void {
    // The time limit is for the pause between two results.
    this.#timer?.restart();
    listener(message);
  }

  #end(settle: () => void): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#timer?.stop();
    this.#release?.();
    settle();
  }
}

function checked(mode: string): string {
  if (!CANCEL_MODES.includes(mode)) throw new TypeError("cancelMode must be 'skip', 'kill' or 'killnowait'");
  return mode;
}

/** What a RESULT carries. */
export function resultOf([, , details, args, kwargs]: Message): Result {
  return { args: listOf(args), kwargs: kwargs ?? {}, details };
}

/** Arguments given as a list or as a payload. */
export function payloadOf(input: readonly unknown[] | Payload | undefined): Payload {
  return Array.isArray(input) ? { args: input } : ((input ?? {}) as Payload);
}

/** Sends what `input` yields; the last item is known only when the next one does not come. */
export async function sendInput(call: OutgoingCall, input: NonNullable<StreamOptions['input']>): Promise<void> {
  let held: Payload | undefined;
  for await (const item of input) {
    if (held) call.more(held, false);
    if (call.settled) return;
    held = payloadOf(item);
  }
  call.more(held ?? {}, true);
}

