import type {
  CallOptions, Client, EventMessage, Kwargs, Payload, Result as InnerResult, SessionInfo, TraceDetail,
} from '../../index.js';
import type { CallTap, OutgoingCall } from '../call.js';
import { authenticators, type OnChallenge } from './challenge.js';
import { debugging } from './debugging.js';
import { promise, type Deferred, type DeferredFactory } from './deferred.js';
import { handlerFor, type EndpointHost } from './endpoint.js';
import { AutobahnError, asAutobahnError, misuse } from './error.js';
import { Event } from './event.js';
import { commonFeatures } from './features.js';
import * as log from './log.js';
import { ending } from './ending.js';
import { Publication } from './publication.js';
import { Registration, type RegisterEndpoint } from './registration.js';
import { unwrapped } from './result.js';
import { replaced, revived } from './serializer.js';
import { Subscription, type SubscribeHandler } from './subscription.js';
import type { Transport } from './transport.js';
import { assert, as_promise, handle_error, is_object } from './util.js';

type Options = Record<string, any>;
/** The client as it is, where its declarations do not tell applications all. */
type TappedClient = Client & {
  callRaw(procedure: string, payload: Payload, options: CallOptions, tap: CallTap): Promise<InnerResult>;
  '~serve'(): Promise<void>;
};
type Args = readonly unknown[] | null | undefined;
type ErrorHandler = ((error: any, message?: string) => void) | null | undefined;

/** A session with a router: thin clothes around one client after another. */
export class Session {
  onjoin: ((details: Options) => void) | undefined;
  onleave: ((reason: string, details: Options) => void) | undefined;
  caller_disclose_me = false;
  publisher_disclose_me = false;
  readonly #transport: Transport;
  readonly #defer: DeferredFactory;
  readonly #onchallenge: OnChallenge | undefined;
  readonly #onUserError: ErrorHandler;
  readonly #onInternalError: ErrorHandler;
  readonly #created = performance.now();
  readonly #prefixes = new Map<string, string>();
  readonly #subscriptions = new Map<number, Subscription[]>();
  readonly #registrations = new Map<number, Registration>();
  #client: TappedClient | undefined;
  #info: SessionInfo | null = null;
  #realm: string | null = null;
  #features: Record<string, Record<string, unknown>> | null = null;
  /** The application could not answer a challenge. */
  #speechless = false;

  constructor(
    transport: Transport, defer: DeferredFactory, onchallenge?: OnChallenge | null,
    on_user_error?: ErrorHandler, on_internal_error?: ErrorHandler,
  ) {
    this.#transport = transport;
    this.#defer = defer;
    this.#onchallenge = onchallenge ?? undefined;
    this.#onUserError = on_user_error;
    this.#onInternalError = on_internal_error;
  }

  get defer(): DeferredFactory {
    return this.#defer;
  }

  get id(): number | null {
    return this.#info?.id ?? null;
  }

  get realm(): string | null {
    return this.#realm;
  }

  get isOpen(): boolean {
    return this.#info !== null;
  }

  /** What both sides can do, by our role. */
  get features(): Record<string, Record<string, unknown>> | null {
    return this.#features;
  }

  /** Lists of those that share one subscription of the router. */
  get subscriptions(): Subscription[][] {
    return [...this.#subscriptions.values()];
  }

  get registrations(): Registration[] {
    return [...this.#registrations.values()];
  }

  log(...items: unknown[]): void {
    const age = Math.round((performance.now() - this.#created) * 1000) / 1000;
    console.group(this.#info ? `WAMP session ${this.#info.id} on '${this.#realm}' at ${age} ms` : 'WAMP session');
    for (const item of items) console.log(item);
    console.groupEnd();
  }

  // ---- joining and leaving ----------------------------------------------------------

  join(realm: string, authmethods?: readonly string[] | null, authid?: string | null, authextra?: object | null): void {
    assert(!realm || typeof realm === 'string', 'Session.join: <realm> must be a string');
    assert(!authmethods || Array.isArray(authmethods), 'Session.join: <authmethods> must be an array []');
    assert(!authid || typeof authid === 'string', 'Session.join: <authid> must be a string');
    if (this.isOpen) throw misuse('session already open');
    const auth = authenticators(authmethods, authid, authextra, (method, extra) => this.#challenged(method, extra));
    const client = this.#transport.connect(realm, auth, debugging() ? (line) => this.#trace(line) : undefined) as TappedClient;
    this.#client = client;
    this.#realm = realm;
    this.#speechless = false;
    client.addEventListener('open', ({ detail }) => this.#joined(detail));
    client.addEventListener('close', ({ detail }) => this.#ended(detail.cause));
    client.addEventListener('error', (event) => {
      event.preventDefault();
      handle_error(this.#onInternalError, event.detail.error);
    });
    void this.#connect(client);
  }

  async #connect(client: TappedClient): Promise<void> {
    // Applications register, and call in the same breath what they have registered. What cannot be loaded, `register` tells.
    await client['~serve']().catch(() => {});
    // How it ends is told by the event.
    if (client.state === 'idle') await client.connect().catch(() => {});
  }

  leave(reason?: string | null, message?: string | null): void {
    assert(!reason || typeof reason === 'string', 'Session.leave: <reason> must be a string');
    assert(!message || typeof message === 'string', 'Session.leave: <message> must be a string');
    void this.#open().close({ ...(reason && { reason }), ...(message && { message }) });
  }

  async #challenged(method: string, extra: Options): Promise<any> {
    try {
      if (this.#onchallenge) return await as_promise(this.#onchallenge, this, method, extra);
    } catch (error) {
      this.#speechless = true;
      handle_error(this.#onUserError, error, 'onchallenge() raised: ');
      throw error;
    }
    this.#speechless = true;
    const error = new Error('received WAMP challenge, but no onchallenge() handler set');
    handle_error(this.#onInternalError, error);
    throw error;
  }

  #joined(info: SessionInfo): void {
    this.#info = info;
    this.#realm = info.realm;
    this.#features = commonFeatures(info.details['roles']);
    this.#transport.opened(info.url, info.serializer);
    this.onjoin?.({ ...info.details });
  }

  #ended(cause: unknown): void {
    this.#info = this.#realm = this.#features = null;
    const end = ending(cause, this.#speechless || this.#transport.closing);
    if ('uri' in end) this.onleave?.(end.uri, end.details);
    else this.#transport.onclose({ ...end, speechless: this.#speechless });
  }

  #trace({ dir, message }: TraceDetail): void {
    log.debug([dir.toUpperCase(), this.#realm, this.id, message]);
  }

  // ---- calls --------------------------------------------------------------------------

  call(procedure: string, args?: Args, kwargs?: Kwargs | null, options?: Options | null): any {
    check('call', procedure, args, kwargs, options);
    const client = this.#open();
    const wire = this.#disclosing(options, this.caller_disclose_me);
    const d = this.#defer();
    const { timeout } = wire;
    const value = ({ args, kwargs }: InnerResult) => unwrapped(this.#incoming(args), this.#incoming(kwargs));
    let call: OutgoingCall | undefined;
    const tap: CallTap = {
      sent: (sent) => (call = sent),
      progress: (result) => wire['receive_progress'] && d.notify?.(value(result)),
    };
    const limited = { options: wire, ...(typeof timeout === 'number' && { timeout }) };
    client.callRaw(this.resolve(procedure), this.#payload(args, kwargs), limited, tap).then(
      (result) => d.resolve(value(result)),
      (error) => this.#reject(d, error),
    );
    return Object.assign(promise(d), {
      cancel: (how?: { mode?: NonNullable<CallOptions['cancelMode']> } | null) => {
        if (how?.mode === 'kill') call?.kill();
        else call?.giveUp(new AutobahnError('Cancelled'), how?.mode && { mode: how.mode });
      },
    });
  }

  register(procedure: string, endpoint: RegisterEndpoint, options?: Options | null): any {
    assert(typeof procedure === 'string', 'Session.register: <procedure> must be a string');
    assert(typeof endpoint === 'function', 'Session.register: <endpoint> must be a function');
    assert(!options || is_object(options), 'Session.register: <options> must be an object {}');
    const client = this.#open();
    const d = this.#defer();
    client.register(this.resolve(procedure), handlerFor(endpoint, procedure, this.#host), { options: options ?? {} }).then((inner) => {
      const registration = new Registration(procedure, endpoint, options, this, inner.id ?? 0);
      registration.inner = inner;
      this.#registrations.set(registration.id, registration);
      void inner.closed.then(({ reason }) => this.#unregistered(registration, reason));
      d.resolve(registration);
    }, (error) => this.#reject(d, error));
    return promise(d);
  }

  unregister(registration: Registration): any {
    assert(registration instanceof Registration, 'Session.unregister: <registration> must be an instance of class autobahn.Registration');
    this.#open();
    if (!registration.active) throw misuse('registration not active');
    this.#unregistered(registration);
    return this.#settling(registration.inner!.unregister());
  }

  /** It is over: by the router's will if there is a reason. */
  #unregistered(registration: Registration, reason?: string): void {
    registration.active = false;
    registration.ended.resolve(reason);
    if (this.#registrations.get(registration.id) === registration) this.#registrations.delete(registration.id);
  }

  // ---- publish and subscribe --------------------------------------------------------------

  publish(topic: string, args?: Args, kwargs?: Kwargs | null, options?: Options | null): any {
    check('publish', topic, args, kwargs, options);
    const client = this.#open();
    const wire = this.#disclosing(options, this.publisher_disclose_me);
    const sent = client.publish(this.resolve(topic), undefined, { ...this.#payload(args, kwargs), options: wire });
    if (wire['acknowledge']) return this.#settling(sent, (told) => new Publication(told!.publication));
    sent.catch((error) => handle_error(this.#onInternalError, error, 'cannot publish: '));
  }

  subscribe(topic: string, handler: SubscribeHandler, options?: Options | null): any {
    assert(typeof topic === 'string', 'Session.subscribe: <topic> must be a string');
    assert(typeof handler === 'function', 'Session.subscribe: <handler> must be a function');
    assert(!options || is_object(options), 'Session.subscribe: <options> must be an object {}');
    const client = this.#open();
    const d = this.#defer();
    let subscription: Subscription | undefined;
    // Events may follow SUBSCRIBED before there is a subscription to show to the handler.
    const early: EventMessage[] = [];
    const deliver = (event: EventMessage) => {
      if (subscription) this.#deliver(subscription, event);
      else early.push(event);
    };
    client.subscribe(this.resolve(topic), deliver, { options: options ?? {} }).then((inner) => {
      subscription = new Subscription(topic, handler, options, this, inner.id ?? 0);
      subscription.inner = inner;
      const siblings = this.#subscriptions.get(subscription.id);
      if (siblings) siblings.push(subscription);
      else this.#subscriptions.set(subscription.id, [subscription]);
      void inner.closed.then(({ reason }) => this.#unsubscribed(subscription!, reason));
      d.resolve(subscription);
      for (const event of early) this.#deliver(subscription, event);
    }, (error) => this.#reject(d, error));
    return promise(d);
  }

  unsubscribe(subscription: Subscription): any {
    assert(subscription instanceof Subscription, 'Session.unsubscribe: <subscription> must be an instance of class autobahn.Subscription');
    const wasActive = subscription.active;
    this.#unsubscribed(subscription);
    this.#open();
    if (!wasActive) throw misuse('subscription not active');
    const isLast = !this.#subscriptions.has(subscription.id);
    return this.#settling(subscription.inner!.unsubscribe(), () => isLast);
  }

  #unsubscribed(subscription: Subscription, reason?: string): void {
    subscription.active = false;
    subscription.ended.resolve(reason);
    const siblings = this.#subscriptions.get(subscription.id) ?? [];
    const at = siblings.indexOf(subscription);
    if (at >= 0) siblings.splice(at, 1);
    if (siblings.length === 0) this.#subscriptions.delete(subscription.id);
  }

  #deliver(subscription: Subscription, { args, kwargs, publication, details }: EventMessage): void {
    if (!subscription.active) return;
    const topic = details['topic'] || subscription.topic;
    const { publisher, publisher_authid, publisher_authrole, retained, forward_for } = details;
    const event = new Event(publication, topic, publisher, publisher_authid, publisher_authrole, retained || false, forward_for);
    const failed = (error: unknown) => handle_error(this.#onUserError, error, 'Exception raised in event handler:');
    try {
      const returned = subscription.handler(this.#incoming(args) as any[], this.#incoming(kwargs), event, subscription) as any;
      if (typeof returned?.then === 'function') returned.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  }

  // ---- names ------------------------------------------------------------------------------------

  /** From now on `prefix:name` means `uri.name`; without `uri` no longer. */
  prefix(prefix: string, uri?: string | null): void {
    assert(typeof prefix === 'string', 'Session.prefix: <prefix> must be a string');
    assert(!uri || typeof uri === 'string', 'Session.prefix: <uri> must be a string or falsy');
    if (uri) this.#prefixes.set(prefix, uri);
    else this.#prefixes.delete(prefix);
  }

  resolve(curie: string): string {
    assert(typeof curie === 'string', 'Session.resolve: <curie> must be a string');
    const [prefix, ...rest] = curie.split(':');
    const uri = rest.length > 0 && this.#prefixes.get(prefix!);
    return uri ? `${uri}.${rest.join(':')}` : curie;
  }

  // ---- helpers -------------------------------------------------------------------------------------

  #open(): TappedClient {
    if (!this.isOpen) throw misuse('session not open');
    return this.#client!;
  }

  #disclosing(options: Options | null | undefined, byDefault: boolean): Options {
    return { ...options, ...(byDefault && options?.['disclose_me'] === undefined && { disclose_me: true }) };
  }

  #payload(args: Args, kwargs: Kwargs | null | undefined): { args?: readonly unknown[]; kwargs?: Kwargs } {
    return { ...(args && { args: this.#outgoing(args) }), ...(kwargs && { kwargs: this.#outgoing(kwargs) }) };
  }

  #settling<T>(work: Promise<T>, map?: (value: T) => unknown): any {
    const d = this.#defer();
    work.then((value) => d.resolve(map?.(value)), (error) => this.#reject(d, error));
    return promise(d);
  }

  #reject(d: Deferred, error: unknown): void {
    d.reject(asAutobahnError(error));
  }

  #incoming<T>(value: T): T {
    const { json } = this.#transport;
    return json && this.#info?.serializer === 'json' ? revived(json, value) : value;
  }

  #outgoing<T>(value: T): T {
    const { json } = this.#transport;
    return json && this.#info?.serializer === 'json' ? replaced(json, value) : value;
  }

  readonly #host: EndpointHost = {
    userError: (error, message) => handle_error(this.#onUserError, error, message),
    incoming: (value) => this.#incoming(value),
    outgoing: (value) => this.#outgoing(value),
  };
}

function check(method: string, uri: unknown, args: unknown, kwargs: unknown, options: unknown): void {
  const name = method === 'call' ? 'procedure' : 'topic';
  assert(typeof uri === 'string', `Session.${method}: <${name}> must be a string`);
  assert(!args || Array.isArray(args), `Session.${method}: <args> must be an array []`);
  assert(!kwargs || is_object(kwargs), `Session.${method}: <kwargs> must be an object {}`);
  assert(!options || is_object(options), `Session.${method}: <options> must be an object {}`);
}
