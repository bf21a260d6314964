import type {
  ClientOptions, Client, EventMessage, Handler, PublishOptions, RegisterOptions, Registration, SubscribeOptions,
} from 'wamplex';
import { connect } from 'wamplex';
import type { ConnectOptions, RouterSession, TestRouterOptions } from '../../testing.js';
import { asyncDispose } from '../dispose.js';
import { Clock } from './clock.js';
import { newPage, type Page } from './core.js';
import { Exchange, Host } from './host.js';
import { installed } from './install.js';
import { Network, duration } from './network.js';
import { Recording } from './recording.js';
import { realmsOf } from './settings.js';
import { PageSocket } from './socket.js';

type InRealm<Options> = Options & { realm?: string };

let count = 0;

export async function createRouter(options: TestRouterOptions = {}): Promise<TestRouter> {
  const { seed = Math.floor(Math.random() * 2 ** 53), latency = 0 } = options;
  if (!Number.isSafeInteger(seed) || seed < 0) throw new RangeError(`seed is a whole number from 0, not ${seed}`);
  duration(latency, 'latency');
  const realms = realmsOf(options);
  const page = await newPage(seed);
  for (const { settings } of realms) page.addRealm(settings);
  const router = new TestRouter(page, realms.map(({ name }) => name), options);
  // Compiles the client: from now on all that connecting takes is messages, which `settled` waits for.
  await router.ready();
  return router;
}

export class TestRouter {
  readonly url: string;
  readonly #page: Page;
  readonly #realms: readonly string[];
  readonly #clock = new Clock();
  readonly #exchange: Exchange;
  /** The network of what is tested. */
  readonly #host: Host;
  /** What the test itself does is not touched by what it does to the network. */
  readonly #inside: Host;
  readonly #helpers = new Map<string, Promise<Client>>();
  readonly #clients = new Set<Client>();
  readonly #installed: (() => void)[] = [];
  #closing: Promise<void> | undefined;

  constructor(page: Page, realms: readonly string[], { url, latency = 0 }: TestRouterOptions) {
    // Over `wss:`, so that tickets may be shown.
    this.url = url === undefined ? `wss://router${++count}.test/ws` : typeof url === 'string' ? url : url.href;
    this.#page = page;
    this.#realms = realms;
    this.#exchange = new Exchange(page, this.#clock);
    this.#host = new Host(this.#exchange, new Network(this.#clock, latency), false);
    this.#inside = new Host(this.#exchange, new Network(this.#clock, 0), true);
  }

  readonly webSocket = (url: string, protocols: string[]): PageSocket => new PageSocket(this.#host, url, protocols);

  get latency(): number {
    return this.#host.network.latency;
  }

  set latency(ms: number) {
    this.#host.network.latency = ms;
  }

  get sessions(): readonly RouterSession[] {
    return this.#sessions().map(({ socket: _, ...session }) => session);
  }

  #sessions(): (RouterSession & { socket: number })[] {
    return JSON.parse(this.#page.sessions())[0];
  }

  async connect(options: ConnectOptions = {}): Promise<Client> {
    const client = await this.#connect(options, this.webSocket);
    this.#clients.add(client);
    return client;
  }

  /** Resolves when the test can do something itself. */
  async ready(): Promise<void> {
    await this.#helper();
  }

  // ---- what happens to the network ----------------------------------------------------

  cut(...whom: [] | [Client | RouterSession | number]): void {
    // A session that was looked for and not found is not everybody.
    if (whom.length === 0) return this.#host.cut(() => true);
    const [one] = whom;
    const id = typeof one === 'number' ? one : one && ('id' in one ? one.id : one.session?.id);
    const found = this.#sessions().find((session) => session.id === id);
    this.#host.cut((socket) => found !== undefined && this.#exchange.idOf(socket) === found.socket);
  }

  refuse(on = true): void {
    this.#host.refuses = on;
  }

  stall(on = true): void {
    this.#host.network.stalled = on;
  }

  async advance(ms: number): Promise<void> {
    duration(ms, 'the time to pass');
    // What was sent before is there before time has passed.
    await this.#quiet(true);
    this.#clock.advance(ms);
    this.#exchange.keepTime();
    this.#host.network.wake();
    await this.#quiet(true);
  }

  settled(): Promise<void> {
    return this.#quiet(false);
  }

  async #quiet(now: boolean): Promise<void> {
    const networks = [this.#inside.network, this.#host.network];
    // What arrives over one may lead to something over the other.
    do {
      for (const network of networks) await network.idle(now);
    } while (!networks.every((network) => network.isIdle(now)));
  }

  // ---- what the test does itself --------------------------------------------------------

  async procedure(procedure: string, handler: Handler, options: InRealm<RegisterOptions> = {}): Promise<Registration> {
    const { realm, ...rest } = options;
    return (await this.#helper(realm)).register(procedure, handler, rest);
  }

  async publish(topic: string, data?: unknown, options: InRealm<PublishOptions> = {}): Promise<void> {
    const { realm, ...rest } = options;
    await (await this.#helper(realm)).publish(topic, data, { ...rest, acknowledge: true });
    await this.settled();
  }

  async record(topic: string, options: InRealm<SubscribeOptions> = {}): Promise<Recording> {
    const { realm, ...rest } = options;
    const recording = new Recording();
    const helper = await this.#helper(realm);
    return recording.filledBy(await helper.subscribe(topic, (event: EventMessage) => recording.add(event), rest));
  }

  install(): () => void {
    const uninstall = installed(this.#host, this.url);
    this.#installed.push(uninstall);
    return uninstall;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const uninstall of this.#installed) uninstall();
    this.latency = 0;
    this.stall(false);
    const helpers = await Promise.allSettled(this.#helpers.values());
    const opened = helpers.flatMap((helper) => (helper.status === 'fulfilled' ? [helper.value] : []));
    await Promise.all([...this.#clients, ...opened].map((client) => client.close()));
    this.refuse();
    this.#exchange.shutDown();
    await this.settled();
  }

  #helper(realm = this.#realms[0]!): Promise<Client> {
    let helper = this.#helpers.get(realm);
    if (!helper) {
      helper = this.#connect({ realm }, (url, protocols) => new PageSocket(this.#inside, url, protocols));
      this.#helpers.set(realm, helper);
    }
    return helper;
  }

  #connect(options: ConnectOptions, webSocket: NonNullable<ClientOptions['webSocket']>): Promise<Client> {
    if (this.#closing) return Promise.reject(new Error('the router is closed'));
    return connect(this.url, { realm: this.#realms[0]!, webSocket, ...options });
  }

  [asyncDispose](): Promise<void> {
    return this.close();
  }
}
