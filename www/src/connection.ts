import { Client, type SerializerName, type SessionInfo, type TraceDetail } from 'wamplex';

/** `disconnected` on purpose, `closed` because nobody tries any more. */
export type Phase = 'disconnected' | 'connecting' | 'connected' | 'reconnecting' | 'closed';

export interface Settings {
  readonly url: string;
  readonly realm: string;
  readonly serializer: SerializerName;
}

/** The attempt to come. */
export interface Attempt {
  readonly number: number;
  /** When it is made, in milliseconds since 1970. */
  readonly at: number;
}

/** The page's one connection: the client of the moment, and who wants to know how it is. */
export class Connection {
  #client: Client | undefined;
  #phase: Phase = 'disconnected';
  #attempt: Attempt | undefined;
  /** Why there is no session: what each attempt since then fails of says less. */
  #cause: unknown;
  readonly #watchers: ((phase: Phase, fault?: unknown) => void)[] = [];
  readonly #tracers: ((line: TraceDetail) => void)[] = [];

  get phase(): Phase {
    return this.#phase;
  }

  get session(): SessionInfo | null {
    return this.#client?.session ?? null;
  }

  /** The next attempt to get a session, while reconnecting. */
  get attempt(): Attempt | undefined {
    return this.#phase === 'reconnecting' ? this.#attempt : undefined;
  }

  /** The client to work with, or undefined while there is no session and none to wait for. */
  get client(): Client | undefined {
    return this.#phase === 'connected' || this.#phase === 'reconnecting' ? this.#client : undefined;
  }

  /** Calls back with each new phase and attempt, and with what went wrong where something did. */
  watch(watcher: (phase: Phase, fault?: unknown) => void): void {
    this.#watchers.push(watcher);
  }

  /** Calls back with each raw message sent or received. */
  trace(tracer: (line: TraceDetail) => void): void {
    this.#tracers.push(tracer);
  }

  /** Opens a session in place of the one before it, and keeps one open. A failure shows as the phase `closed`. */
  async open({ url, realm, serializer }: Settings): Promise<void> {
    await this.close();
    this.#enter('connecting');
    let client: Client | undefined;
    try {
      client = new Client(url, {
        realm,
        serializers: [serializer],
        debug: (line) => this.#tracers.forEach((tracer) => tracer(line)),
      });
      this.#client = client;
      this.#follow(client);
      await client.connect();
    } catch (fault) {
      if (this.#client === client) this.#lose(fault);
    }
  }

  /** Makes the next attempt now. */
  tryNow(): void {
    // How it ends shows as a phase.
    if (this.#phase === 'reconnecting') this.#client?.connect().catch(() => {});
  }

  /** Says goodbye to the router. Harmless when there is no session. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    this.#enter('disconnected');
    await client.close();
  }

  #follow(client: Client): void {
    client.addEventListener('open', () => {
      if (this.#client === client) this.#enter('connected');
    });
    client.addEventListener('reconnecting', ({ detail }) => {
      if (this.#client !== client) return;
      this.#attempt = { number: detail.attempt, at: Date.now() + detail.delay };
      if (this.#phase !== 'reconnecting') this.#cause = detail.cause;
      this.#enter('reconnecting', this.#cause);
    });
    client.addEventListener('close', (event) => {
      if (this.#client === client) this.#lose(event.detail.cause);
    });
  }

  #lose(fault: unknown): void {
    this.#client = undefined;
    this.#enter('closed', fault);
  }

  #enter(phase: Phase, fault?: unknown): void {
    this.#phase = phase;
    for (const watcher of this.#watchers) watcher(phase, fault);
  }
}
