import type {
  CallOptions, ClientOptions, CloseOptions, EndpointInput, EventMessage, Handler, Meta, Payload, PublishOptions,
  RegisterOptions, Result, SessionInfo, State, StreamOptions, SubscribeOptions,
} from '../index.js';
import { limited, promised, timeoutError } from './abort.js';
import { OutgoingCall, payloadOf, resultOf, valueOf, type CallTap } from './call.js';
import { Code } from './core.js';
import { elements } from './encode/index.js';
import type { Message } from './decode/message.js';
import { asyncDispose } from './dispose.js';
import { ConnectionLostError, networkFailure } from './errors.js';
import type { Bound } from './contract/index.js';
import { eventsOf } from './events.js';
import { CLOSED_BY_US, Link } from './link.js';
import { lazyMeta } from './meta/lazy.js';
import { CONNECT_TIMEOUT } from './opener.js';
import { checkNumber, wireOptions } from './options.js';
import { Serving, loadServing } from './serving.js';
import type { Registration } from './serve/registration.js';
import { CallStream } from './stream.js';
import type { Subscription } from './subscription.js';

export class Client extends EventTarget {
  readonly #options: ClientOptions;
  readonly #link: Link;

  constructor(endpoint: EndpointInput, options: ClientOptions) {
    super();
    this.#options = options;
    this.#link = new Link(endpoint, options, (type, detail: any) => {
      const event = new CustomEvent(type, { detail, cancelable: type === 'error' });
      if (this.dispatchEvent(event) && event.cancelable) console.error(`wamplex: a ${detail.where} failed:`, detail.error);
    });
    const { debug } = options;
    if (debug) this.addEventListener('trace', ({ detail }: any) => (debug === true ? console.debug('wamplex', detail.dir, detail.message) : debug(detail)));
    (options as { contract?: Bound }).contract?.['~bind'](this);
  }

  withContract(contract: unknown): any {
    return (contract as Bound)['~bind'](this, true);
  }

  get meta(): Meta {
    return lazyMeta(this);
  }

  get state(): State {
    return this.#link.state;
  }

  get session(): SessionInfo | null {
    return this.#link.live?.session ?? null;
  }

  // ---- connecting -----------------------------------------------------------------

  connect({ timeout = 0 }: { timeout?: number } = {}): Promise<SessionInfo> {
    return this.#link.connect(timeout);
  }

  ready({ signal }: { signal?: AbortSignal } = {}): Promise<SessionInfo> {
    if (this.state === 'closed') return Promise.reject(this.#link.closedError());
    return limited(this.connect(), signal, 0);
  }

  close({ reason = CLOSED_BY_US, message = '', drain = false }: CloseOptions = {}): Promise<void> {
    return this.#link.close(reason, message, drain);
  }

  /** Repeats what changes nothing when done twice until a session lasts long enough. */
  async #again<T>(go: () => T | Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await go();
      } catch (error) {
        if (!(error instanceof ConnectionLostError) || !error.maybeSent || this.#link.isOver) throw error;
      }
    }
  }

  /** Runs `go` in a session, and again in the next if it ends meanwhile. */
  #ask<T>({ signal }: SubscribeOptions, go: () => Promise<T>): Promise<T> {
    return this.#again(() => this.#link.enter(signal, 0, go));
  }

  /** What to do with a request when there is no session: `enter` unless the application wants it otherwise. */
  #check(policy: 'wait' | 'queue' | 'throw' | 'drop' | undefined): void {
    if (policy !== 'throw' || this.#link.live) return;
    throw networkFailure('there is no session');
  }

  // ---- calls ----------------------------------------------------------------------

  call(procedure: string, args?: readonly unknown[], options: CallOptions = {}): Promise<any> {
    return this.#call(procedure, { args }, options, valueOf);
  }

  /** `tap` is for the entry points beside this one. */
  callRaw(procedure: string, payload?: readonly unknown[] | Payload, options: CallOptions = {}, tap?: CallTap): Promise<Result> {
    const progress = tap && ((partial: Message) => tap.progress(resultOf(partial)));
    return this.#call(procedure, payloadOf(payload), options, resultOf, progress, undefined, tap);
  }

  stream(procedure: string, args: readonly unknown[] = [], options: StreamOptions = {}): CallStream {
    const { kwargs, input, buffer } = options;
    return new CallStream(buffer, options.signal, procedure, this.#link.emit, (signal, progress) => {
      const wire = { receive_progress: true, ...(input && { progress: true }), ...options.options };
      return this.#call(
        procedure, { args, kwargs }, { ...options, signal, options: wire }, resultOf,
        (partial) => progress(valueOf(partial)), input,
      );
    });
  }

  #call<T>(
    procedure: string, { args, kwargs }: Payload, options: CallOptions, pick: (message: Message) => T,
    progress?: (message: Message) => void, input?: StreamOptions['input'], tap?: CallTap,
  ): Promise<T> {
    return promised(() => {
      const payload = { args, kwargs: kwargs ?? options.kwargs };
      const total = options.timeout ?? this.#options.callTimeout ?? 0;
      checkNumber('timeout', total);
      const began = total > 0 ? Date.now() : 0;
      let waited = false;
      const left = () => {
        if (!waited || total <= 0) return total;
        const rest = total - (Date.now() - began);
        if (rest <= 0) throw timeoutError(total);
        return rest;
      };
      const go = () => {
        this.#check(this.#options.whenDisconnected?.call);
        return this.#link.enter(options.signal, left(), (connection) => {
          const call = new OutgoingCall(connection, procedure, payload, options, left(), pick, progress);
          if (input) Serving!.sendInput(call, input).catch((error) => call.giveUp(error));
          tap?.sent(call);
          return call.result;
        });
      };
      const loading = input && !Serving && limited(loadServing(), options.signal, total);
      const result = loading ? loading.then(go) : options.idempotent && !input ? this.#again(go) : go();
      waited = true;
      return result;
    });
  }

  async register(procedure: string, handler: Handler<any, any, any, any>, options: RegisterOptions = {}): Promise<Registration> {
    if (typeof handler !== 'function') throw new TypeError('the handler of a procedure must be a function');
    const link = this.#link;
    const { signal } = options;
    const go = () => link.registered!.register(procedure, handler, options, (go) => this.#ask(options, go));
    if (link.registered) return go();
    // Meanwhile a session may open. All that are asked for before go in their order.
    return limited(Promise.all([loadServing(), link.enter(signal, 0, () => {})]).then(go), signal, 0);
  }

  /** For the entry points beside this one: from then on `register` asks at once. */
  '~serve'(): Promise<void> {
    return loadServing();
  }

  // ---- publish and subscribe --------------------------------------------------------

  publish(topic: string, data?: unknown, options: PublishOptions = {}): Promise<{ publication: number } | undefined> {
    return promised(() => {
      const signal = options.signal;
      const wire = wireOptions(options);
      const acknowledge = wire['acknowledge'] === true;
      const policy = this.#options.whenDisconnected?.publish;
      if (policy === 'drop' && !acknowledge && !this.#link.live) return undefined;
      this.#check(policy === 'drop' ? 'throw' : policy);
      const { args = [], kwargs } = options;
      const rest = [wire, topic, ...elements({ args: data === undefined ? args : [data, ...args], kwargs })];
      return this.#link.enter(signal, 0, (connection) => {
        if (!acknowledge) return void connection.request(Code.Publish, rest);
        return limited(connection.ask(Code.Publish, rest), signal, 0).then(([, , publication]) => ({ publication }));
      });
    });
  }

  async subscribe(
    topic: string,
    handlerOrOptions?: ((event: EventMessage) => unknown) | SubscribeOptions,
    options?: SubscribeOptions,
  ): Promise<Subscription> {
    const handler = typeof handlerOrOptions === 'function' ? handlerOrOptions : undefined;
    const given = options ?? (handler ? undefined : (handlerOrOptions as SubscribeOptions | undefined)) ?? {};
    return this.#ask(given, () => this.#link.subscribed.subscribe(topic, handler, given));
  }

  events(topic: string, options: SubscribeOptions = {}): any {
    return eventsOf(() => this.subscribe(topic, options));
  }

  // ---- events of the client -----------------------------------------------------------

  override addEventListener(...args: Parameters<EventTarget['addEventListener']>): void {
    if (args[0] === 'trace') this.#link.tracing = true;
    super.addEventListener(...args);
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }
}

export async function connect(endpoint: EndpointInput, options: ClientOptions): Promise<Client> {
  const client = new Client(endpoint, options);
  try {
    await client.connect({ timeout: options.connectTimeout ?? CONNECT_TIMEOUT });
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}
