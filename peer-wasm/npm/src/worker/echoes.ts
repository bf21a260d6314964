import type { Client, EventMessage } from 'wamplex';
import { payload, type Send } from './relay.js';

type Message = readonly any[];

/**
 * Publications of one tab and events for it. The router excludes the session that publishes, and all tabs are one
 * session: so it is asked to exclude nobody, and each tab is spared its own publications here.
 */
export class Echoes {
  readonly #client: Client;
  readonly #send: Send;
  /** Publications whose ids are not known yet: until then no event can be told from an echo. */
  #unknown = 0;
  #held: (() => void)[] = [];
  /** Ours, that may still come back. */
  readonly #own = new Set<number>();
  /** How many events the router has dropped ahead of echoes, by subscription: the next event says it in their place. */
  readonly #missing: Record<number, number> = {};

  constructor(client: Client, send: Send) {
    this.#client = client;
    this.#send = send;
  }

  async publish([, request, options, topic, args, kwargs]: Message): Promise<void> {
    const wanted = options.exclude_me === false;
    if (!wanted) this.#unknown++;
    try {
      const published = await this.#client.publish(topic, undefined, { ...payload(args, kwargs), options: { ...options, acknowledge: true, exclude_me: false } });
      const { publication } = published!;
      if (!wanted) this.#remember(publication);
      if (options.acknowledge === true) this.#send(17, request, publication);
    } finally {
      if (!wanted && --this.#unknown === 0) this.#deliverHeld();
    }
  }

  deliver(id: number, { publication, details, args, kwargs }: EventMessage): void {
    const deliver = () => {
      const missing = (this.#missing[id] ?? 0) + (Number(details['_wamplex_dropped']) || 0);
      if (missing) delete this.#missing[id];
      if (!this.#own.has(publication)) {
        this.#send(36, id, publication, missing ? { ...details, _wamplex_dropped: missing } : details, args, kwargs);
      } else if (missing) this.#missing[id] = missing;
    };
    if (this.#unknown > 0) this.#held.push(deliver);
    else deliver();
  }

  #deliverHeld(): void {
    const held = this.#held;
    this.#held = [];
    for (const deliver of held) deliver();
  }

  /** Events follow their acknowledgement closely, if they do not come before it. */
  #remember(publication: number): void {
    this.#own.add(publication);
    if (this.#own.size > 1024) this.#own.delete(this.#own.values().next().value!);
  }
}
