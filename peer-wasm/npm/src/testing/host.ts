import type { Clock } from './clock.js';
import type { Page } from './core.js';
import type { Network } from './network.js';
import type { PageSocket } from './socket.js';

/** Timers that are set for later fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The sockets that come over one network, and the compiled router behind them. */
export class Host {
  readonly network: Network;
  /** New connections fail. */
  refuses = false;
  readonly #router: Exchange;
  readonly #inside: boolean;

  constructor(router: Exchange, network: Network, inside: boolean) {
    this.#router = router;
    this.network = network;
    this.#inside = inside;
  }

  request(socket: PageSocket, protocols: readonly string[]): void {
    this.network.send(() => {
      const isSpoken = (name: string) => this.#router.open(name, this, socket, this.#inside);
      const protocol = this.refuses ? undefined : protocols.find(isSpoken);
      this.network.send(() => (protocol === undefined ? socket.failed() : socket.opened(protocol)));
    });
  }

  receive(socket: PageSocket, message: string | Uint8Array): void {
    this.#router.receive(socket, message);
  }

  forget(socket: PageSocket): void {
    this.#router.lost(socket);
  }

  /** Loses connections, and what is under way on them. */
  cut(isMeant: (socket: PageSocket) => boolean): void {
    for (const socket of this.#router.socketsOf(this)) {
      if (!isMeant(socket)) continue;
      this.#router.lost(socket);
      socket.cut();
    }
  }
}

/** The compiled router, and which socket is which. */
export class Exchange {
  readonly #page: Page;
  readonly #clock: Clock;
  readonly #sockets = new Map<number, { readonly socket: PageSocket; readonly host: Host }>();
  readonly #ids = new Map<PageSocket, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(page: Page, clock: Clock) {
    this.#page = page;
    this.#clock = clock;
  }

  /** Whether this is a subprotocol to open a socket with. */
  open(protocol: string, host: Host, socket: PageSocket, inside: boolean): boolean {
    const id = this.#page.open(protocol, inside);
    if (id === 0) return false;
    this.#sockets.set(id, { socket, host });
    this.#ids.set(socket, id);
    return true;
  }

  receive(socket: PageSocket, message: string | Uint8Array): void {
    const id = this.#ids.get(socket);
    // Lost meanwhile.
    if (id === undefined) return;
    if (typeof message === 'string') this.#page.receiveText(id, message, this.#clock.now());
    else this.#page.receiveBinary(id, message, this.#clock.now());
    this.#transmit();
  }

  lost(socket: PageSocket): void {
    const id = this.#ids.get(socket);
    if (id === undefined) return;
    this.#remove(id, socket);
    this.#page.lost(id, this.#clock.now());
    this.#transmit();
  }

  *socketsOf(host: Host): Iterable<PageSocket> {
    for (const entry of [...this.#sockets.values()]) if (entry.host === host) yield entry.socket;
  }

  idOf(socket: PageSocket): number | undefined {
    return this.#ids.get(socket);
  }

  /** Sees to what is due, and sets a timer for what is next. */
  keepTime(): void {
    clearTimeout(this.#timer);
    for (;;) {
      const due = this.#page.pollTimeout();
      if (due === undefined) return;
      const now = this.#clock.now();
      if (due > now) return this.#wake(Math.min(due, now + LONGEST_TIMER), now);
      this.#page.handleTimeout(now);
      this.#deliver();
    }
  }

  shutDown(): void {
    this.#page.shutDown(this.#clock.now());
    this.#deliver();
    clearTimeout(this.#timer);
  }

  #wake(at: number, now: number): void {
    this.#timer = setTimeout(() => {
      this.#clock.reach(at);
      this.keepTime();
    }, at - now);
  }

  #transmit(): void {
    this.#deliver();
    this.keepTime();
  }

  #deliver(): void {
    for (let next = this.#page.poll(); next; next = this.#page.poll()) {
      const [id, what] = next;
      const entry = this.#sockets.get(id);
      if (!entry) continue;
      const { socket, host } = entry;
      if (typeof what === 'number') this.#remove(id, socket);
      host.network.send(() => (typeof what === 'number' ? socket.ended(what) : socket.delivered(what)));
    }
  }

  #remove(id: number, socket: PageSocket): void {
    this.#sockets.delete(id);
    this.#ids.delete(socket);
  }
}
