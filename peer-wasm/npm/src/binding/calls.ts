import type { CallResultOptions, CallState as AnyState, Name } from '../../declarations/hooks.js';
import type { CallOptions, Client, StreamOptions } from '../../index.js';
import { type Lasting, Watched, lastOf, soon } from './watched.js';

/** The answer of the last call that was answered, the failure of the last one if it failed. */
export type CallState = AnyState<any>;

export interface StreamState extends CallState {
  readonly progress: readonly any[];
}

type Signal = AbortSignal | undefined;

/** Calls that end with a component. Whatever the order of answers, the state tells of the call that was made last. */
export class Calls<State extends CallState = CallState> extends Watched<State> implements Lasting<State> {
  readonly #running = new Set<AbortController>();
  #turn = 0;

  constructor(initial: Partial<State> = {}) {
    super({ data: undefined, error: undefined, pending: false, ...initial } as State);
  }

  start(): () => void {
    return () => this.cancel();
  }

  /** Makes a call. Who leaves the promise alone need not catch: the state tells how it failed. */
  run(make: (signal: AbortSignal, isLast: () => boolean) => Promise<any>, given: Signal): Promise<any> {
    const turn = ++this.#turn;
    const isLast = () => turn === this.#turn;
    const abort = new AbortController();
    const follow = () => abort.abort(given!.reason);
    if (given?.aborted) follow();
    given?.addEventListener('abort', follow);
    this.#running.add(abort);
    this.set({ pending: true, error: undefined } as Partial<State>);
    const answer = make(abort.signal, isLast);
    const settle = (part: Partial<CallState>) => {
      this.#running.delete(abort);
      given?.removeEventListener('abort', follow);
      if (isLast()) this.set({ ...part, pending: false } as Partial<State>);
    };
    answer.then((data) => settle({ data }), (error) => settle(abort.signal.aborted ? {} : { error }));
    return answer;
  }

  /** Gives up what is running. That is no failure: the state keeps what it has. */
  readonly cancel = (reason?: unknown): void => {
    this.abandon(reason);
    if (this.get().pending) this.set({ pending: false } as Partial<State>);
  };

  protected abandon(reason?: unknown): void {
    this.#turn++;
    for (const abort of this.#running) abort.abort(reason);
    this.#running.clear();
  }
}

/** Any number of calls of one procedure. */
export class Caller extends Calls {
  constructor(readonly client: Client, readonly procedure: string, readonly options: CallOptions = {}) {
    super();
  }

  readonly call = (args?: readonly unknown[], options: CallOptions = {}): Promise<any> =>
    this.run((signal) => this.client.call(this.procedure, args, { ...this.options, ...options, signal }), options.signal as Signal);
}

export interface QueryOptions extends CallResultOptions {
  initial?: unknown;
}

/** One call, made when the component appears, and again when asked or when the connection is back. */
export class Query extends Calls {
  readonly #call: ((signal: AbortSignal) => Promise<any>) | undefined;
  readonly #reconnecting: Client | undefined;

  constructor(client: Client, procedure: Name, args?: readonly unknown[], { initial, refreshOnReconnect, ...options }: QueryOptions = {}) {
    super({ data: initial, pending: Boolean(procedure) });
    if (procedure) this.#call = (signal) => client.call(procedure, args, { ...options, signal });
    if (refreshOnReconnect) this.#reconnecting = client;
  }

  override start(): () => void {
    if (!this.#call) return super.start();
    const takeBack = soon(this.refresh);
    // What is pending has been waiting for the session.
    const again = () => void (this.get().pending || this.refresh());
    this.#reconnecting?.addEventListener('open', again);
    return () => {
      takeBack();
      this.#reconnecting?.removeEventListener('open', again);
      this.cancel();
    };
  }

  readonly refresh = (): Promise<any> => {
    const call = this.#call;
    if (!call) return Promise.resolve(this.get().data);
    this.abandon();
    return this.run(call, undefined);
  };
}

export interface StreamerOptions extends Omit<StreamOptions, 'signal' | 'input'> {
  limit?: number;
}

/** Calls with progressive results, one at a time. */
export class Streamer extends Calls<StreamState> {
  readonly #limit: number;
  readonly #options: StreamOptions;

  constructor(readonly client: Client, readonly procedure: string, { limit = 100, ...options }: StreamerOptions = {}) {
    super({ progress: [] });
    this.#limit = limit;
    this.#options = options;
  }

  readonly call = (args?: readonly unknown[], options: StreamOptions = {}): Promise<any> => {
    this.abandon();
    this.set({ progress: [] });
    return this.run(async (signal, isLast) => {
      const job = this.client.stream(this.procedure, args, { ...this.#options, ...options, signal });
      for await (const piece of job) {
        if (isLast()) this.set({ progress: lastOf(this.#limit, this.get().progress, piece) });
      }
      return job.result;
    }, options.signal as Signal);
  };
}
