import { Client, type SerializerName, type SessionInfo, type TraceDetail } from 'wamplex';

export type Phase = 'disconnected' | 'connecting' | 'connected' | 'closed';

export interface Settings {
  readonly url: string;
  readonly realm: string;
  readonly serializer: SerializerName;
}

/** The page's one connection: the client of the moment, and who wants to know how it is. */
export class Connection {
  #client: Client | undefined;
  #phase: Phase = 'disconnected';
  readonly #watchers: ((phase: Phase, fault?: unknown) => void)[] = [];
  readonly #tracers: ((line: TraceDetail) => void)[] = [];

  get phase(): Phase {
    return this.#phase;
  }

  get session(): SessionInfo | null {
    return this.#client?.session ?? null;
  }

  /** The client to work with, or undefined while there is no session. */
  get client(): Client | undefined {
    return this.#phase === 'connected' ? this.#client : undefined;
  }

  /** Calls back with each new phase, and with what went wrong where something did. */
  watch(watcher: (phase: Phase, fault?: unknown) => void): void {
    this.#watchers.push(watcher);
  }

  /** Calls back with each raw message sent or received. */
  trace(tracer: (line: TraceDetail) => void): void {
    this.#tracers.push(tracer);
  }

  /** Opens a session in place of the one before it. A failure shows as the phase `closed`. */
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
      if (this.#client === client) this.#enter('connected');
    } catch (fault) {
      if (this.#client === client) this.#lose(fault);
    }
  }

  /** Says goodbye to the router. Harmless when there is no session. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    this.#enter('disconnected');
    try {
      await client.close();
    } catch {
      // A session that is lost while it says goodbye is over all the same.
    }
  }

  #follow(client: Client): void {
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
