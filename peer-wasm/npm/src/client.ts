import type {
  CallOptions, ClientEventMap, ClientOptions, EndpointInput, EventMessage, Handler, Payload, PublishOptions,
  RegisterOptions, Result, SessionInfo, State, StreamOptions, SubscribeOptions, TraceDetail,
} from '../index.js';
import { limited, onAbort, timeoutError } from './abort.js';
import { OutgoingCall, payloadOf, resultOf, sendInput } from './call.js';
import { CallFlags, Code, type Core } from './core.js';
import type { Message } from './decode/message.js';
import { disposable } from './dispose.js';
import { ConnectionLostError, NETWORK_FAILURE, TimeoutError, WampError } from './errors.js';
import { EventIterator } from './events.js';
import { Opener } from './opener.js';
import { publishOptions } from './options.js';
import type { Registration } from './registration.js';
import type { Session, SessionHost } from './session.js';
import { CallStream } from './stream.js';
import type { Subscription } from './subscription.js';

const CLOSED_BY_US = 'wamp.close.normal';

export class Client extends EventTarget {
  /** Set by `disposable`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;
  readonly #options: ClientOptions;
  readonly #opener: Opener;
  #state: State = 'idle';
  #live: Session | undefined;
  #connecting: Promise<SessionInfo> | undefined;
  #giveUp: AbortController | undefined;
  #closing: Promise<void> | undefined;
  #tracing: boolean;

  constructor(endpoint: EndpointInput, options: ClientOptions) {
    super();
    this.#opener = new Opener(endpoint, options, this.#host());
    this.#options = options;
    this.#tracing = Boolean(options.debug);
    onAbort(options.signal as AbortSignal | undefined, (reason) => {
      this.#giveUp?.abort(reason);
      void this.close();
    });
  }

  get state(): State {
    return this.#state;
  }

  get session(): SessionInfo | null {
    return this.#live?.info ?? null;
  }

  // ---- connecting -----------------------------------------------------------------

  connect(): Promise<SessionInfo> {
    if (this.#live) return Promise.resolve(this.#live.info);
    this.#connecting ??= this.#connect();
    return this.#connecting;
  }

  ready({ signal }: { signal?: AbortSignal } = {}): Promise<SessionInfo> {
    if (this.#state === 'closed') return Promise.reject(this.#closedError());
    return limited(this.connect(), signal, 0);
  }

  async #connect(): Promise<SessionInfo> {
    // `close()` wins over whoever connects meanwhile.
    await this.#closing;
    this.#options.signal?.throwIfAborted();
    const giveUp = (this.#giveUp = new AbortController());
    this.#setState('connecting');
    try {
      const session = await this.#opener.open(giveUp.signal, () => this.#tracing);
      this.#live = session;
      this.#connecting = undefined;
      this.#setState('open');
      this.#emit('open', session.info);
      return session.info;
    } catch (error) {
      this.#connecting = undefined;
      this.#finish(giveUp.signal.aborted ? undefined : asWampError(error));
      throw error;
    }
  }

  close({ reason = CLOSED_BY_US, message = '' }: { reason?: string; message?: string } = {}): Promise<void> {
    this.#closing ??= this.#close(reason, message).finally(() => (this.#closing = undefined));
    return this.#closing;
  }

  async #close(reason: string, message: string): Promise<void> {
    if (this.#live) return this.#live.connection.leave(reason, message);
    if (this.#connecting) {
      this.#giveUp?.abort(new ConnectionLostError(reason, { message: 'closed by the application' }));
      await this.#connecting.catch(() => {});
    }
    this.#finish(undefined);
  }

  #finish(cause: WampError | undefined): void {
    if (this.#state === 'closed') return;
    this.#setState('closed');
    this.#emit('close', cause ? { cause } : {});
  }

  /** The open session, or a promise of it. Not `async`: requests made while it is open keep their order. */
  #whenOpen(signal: AbortSignal | undefined, limit: number): Session | Promise<Session> {
    signal?.throwIfAborted();
    if (this.#live) return this.#live;
    if (this.#state === 'closed' || this.#closing) throw this.#closedError();
    return this.#wait(signal, limit);
  }

  async #wait(signal: AbortSignal | undefined, limit: number): Promise<Session> {
    try {
      await limited(this.connect(), signal, limit);
    } catch (error) {
      if (signal?.aborted || (limit > 0 && error instanceof TimeoutError)) throw error;
      const cause = asWampError(error);
      throw new ConnectionLostError(cause.uri, { message: cause.message, details: cause.details, cause });
    }
    if (!this.#live) throw this.#closedError();
    return this.#live;
  }

  #closedError(): ConnectionLostError {
    return new ConnectionLostError(NETWORK_FAILURE, { message: 'the client is closed' });
  }

  // ---- calls ----------------------------------------------------------------------

  async call(procedure: string, args?: readonly unknown[], options: CallOptions = {}): Promise<any> {
    const { kwargs } = options;
    return resultOf(await this.#call(procedure, { ...(args && { args }), ...(kwargs && { kwargs }) }, options)).args[0];
  }

  async callRaw(procedure: string, payload?: readonly unknown[] | Payload, options: CallOptions = {}): Promise<Result> {
    const { kwargs } = options;
    return resultOf(await this.#call(procedure, { ...(kwargs && { kwargs }), ...payloadOf(payload) }, options));
  }

  stream(procedure: string, args: readonly unknown[] = [], options: StreamOptions = {}): CallStream {
    const { kwargs, input, buffer } = options;
    const slow = (buffered: number, dropped: number) => this.#emit('slowconsumer', { topic: procedure, buffered, dropped });
    const stream: CallStream = new CallStream(buffer, slow, async (signal, progress) => {
      const release = onAbort(options.signal as AbortSignal | undefined, (reason) => stream.cancel(reason));
      try {
        const wire = { receive_progress: true, ...(input && { progress: true }), ...options.options };
        const message = await this.#call(
          procedure, { args, ...(kwargs && { kwargs }) }, { ...options, signal, options: wire },
          (partial) => progress(resultOf(partial).args[0]), input,
        );
        return resultOf(message);
      } finally {
        release();
      }
    });
    return stream;
  }

  async #call(
    procedure: string, payload: Payload, options: CallOptions,
    progress?: (message: Message) => void, input?: StreamOptions['input'],
  ): Promise<Message> {
    const total = options.timeout ?? this.#options.callTimeout ?? 0;
    const began = Date.now();
    const opening = this.#whenOpen(options.signal as AbortSignal | undefined, total);
    let limit = total;
    let session: Session;
    if (opening instanceof Promise) {
      session = await opening;
      limit = total > 0 ? total - (Date.now() - began) : 0;
      if (total > 0 && limit <= 0) throw timeoutError(total);
    } else session = opening;
    const call = new OutgoingCall(session.connection, procedure, payload, { ...options, limit }, progress);
    if (input) sendInput(call, input).catch((error) => call.giveUp(error));
    return call.result;
  }

  async register(procedure: string, handler: Handler, options: RegisterOptions = {}): Promise<Registration> {
    if (typeof handler !== 'function') throw new TypeError('the handler of a procedure must be a function');
    const opening = this.#whenOpen(options.signal as AbortSignal | undefined, 0);
    const session = opening instanceof Promise ? await opening : opening;
    return session.registrations.register(procedure, handler, options);
  }

  // ---- publish and subscribe --------------------------------------------------------

  async publish(topic: string, data?: unknown, options: PublishOptions = {}): Promise<{ publication: number } | undefined> {
    const signal = options.signal as AbortSignal | undefined;
    const opening = this.#whenOpen(signal, 0);
    const { connection } = opening instanceof Promise ? await opening : opening;
    const wire = publishOptions(options);
    const { args = [], kwargs } = options;
    const payload = { args: data === undefined ? args : [data, ...args], ...(kwargs && { kwargs }) };
    const send = (core: Core, token: number | undefined) => {
      const { bytes, split, shape } = connection.encode(wire, payload);
      return core.request(Code.Publish, token, topic, CallFlags.None, split, shape, bytes);
    };
    if (wire['acknowledge'] !== true) {
      connection.tell((core) => send(core, undefined));
      return undefined;
    }
    const [, , publication] = await limited(connection.ask(send), signal, 0);
    return { publication };
  }

  async subscribe(
    topic: string,
    handlerOrOptions?: ((event: EventMessage) => unknown) | SubscribeOptions,
    options?: SubscribeOptions,
  ): Promise<Subscription> {
    const handler = typeof handlerOrOptions === 'function' ? handlerOrOptions : undefined;
    const given = options ?? (handler ? undefined : (handlerOrOptions as SubscribeOptions | undefined)) ?? {};
    const opening = this.#whenOpen(given.signal as AbortSignal | undefined, 0);
    const session = opening instanceof Promise ? await opening : opening;
    return session.subscriptions.subscribe(topic, handler, given);
  }

  events(topic: string, options: SubscribeOptions = {}): EventIterator {
    return new EventIterator((given) => this.subscribe(topic, given), options);
  }

  // ---- events of the client -----------------------------------------------------------

  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    if (args[0] === 'trace' && !this.#tracing) {
      this.#tracing = true;
      this.#live?.connection.trace(true);
    }
    super.addEventListener(...args);
  }

  #setState(state: State): void {
    const previous = this.#state;
    this.#state = state;
    this.#emit('statechange', { state, previous });
  }

  #emit<K extends keyof ClientEventMap>(type: K, detail: ClientEventMap[K]['detail']): boolean {
    return this.dispatchEvent(new CustomEvent(type, { detail, cancelable: type === 'error' }));
  }

  #host(): SessionHost {
    return {
      handlerFailed: (error) => {
        if (this.#emit('error', { error, where: 'handler' })) console.error('wamplex: a handler failed:', error);
      },
      slow: (topic, buffered, dropped) => void this.#emit('slowconsumer', { topic, buffered, dropped }),
      trace: (detail) => this.#trace(detail),
      lost: (session, cause) => this.#lost(session, cause),
    };
  }

  #trace(detail: TraceDetail): void {
    const { debug } = this.#options;
    if (typeof debug === 'function') debug(detail);
    else if (debug) console.debug('wamplex', detail.dir, detail.message);
    this.#emit('trace', detail);
  }

  #lost(session: Session, cause: WampError): boolean {
    const wanted = this.#closing !== undefined;
    if (this.#live !== session) return wanted;
    this.#live = undefined;
    if (!wanted) this.#emit('sessionlost', { cause });
    this.#finish(wanted ? undefined : cause);
    return wanted;
  }
}

disposable(Client.prototype, function (this: Client) {
  return this.close();
});

export async function connect(endpoint: EndpointInput, options: ClientOptions): Promise<Client> {
  const client = new Client(endpoint, options);
  await client.connect();
  return client;
}

function asWampError(error: unknown): WampError {
  if (error instanceof WampError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ConnectionLostError(NETWORK_FAILURE, { message, cause: error });
}
