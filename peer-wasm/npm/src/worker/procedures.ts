import { WampError, type Client, type Invocation, type RawResult, type Registration } from 'wamplex';
import { payload, type Send } from './relay.js';

type Message = readonly any[];

interface Invoked {
  readonly invocation: Invocation;
  resolve(result: RawResult): void;
  reject(error: WampError): void;
}

/** The procedures that one tab serves. */
export class Procedures {
  readonly #client: Client;
  readonly #send: Send;
  readonly #registrations = new Map<number, Registration>();
  readonly #invoked = new Map<number, Invoked>();
  #last = 0;
  #ended = false;

  constructor(client: Client, send: Send) {
    this.#client = client;
    this.#send = send;
  }

  async register([, request, options, procedure]: Message): Promise<void> {
    // Calls may come in the same breath as the answer, which has to be first.
    let told!: (id: number) => void;
    const known = new Promise<number>((resolve) => (told = resolve));
    const registration = await this.#client.register(procedure, async (_, invocation) => this.#invoke(await known, invocation), { options });
    const id = registration.id!;
    if (this.#ended) {
      told(id);
      return registration.unregister();
    }
    this.#registrations.set(id, registration);
    this.#send(65, request, id);
    told(id);
    void registration.closed.then(({ reason }) => {
      if (this.#registrations.delete(id)) this.#send(67, 0, { registration: id, reason });
    });
  }

  async unregister([, request, id]: Message): Promise<void> {
    const registration = this.#registrations.get(id);
    if (!registration) throw new WampError('wamp.error.no_such_registration');
    this.#registrations.delete(id);
    await registration.unregister();
    this.#send(67, request);
  }

  #invoke(id: number, invocation: Invocation): Promise<RawResult> {
    // Calls cross UNREGISTER on the way.
    if (this.#ended) throw gone();
    const request = ++this.#last;
    const { args, kwargs, details, signal } = invocation;
    this.#send(68, request, id, details, args, kwargs);
    if (details['progress'] === true) void this.#more(request, id, invocation);
    const interrupt = () => this.#send(69, request, { mode: 'killnowait' });
    // INTERRUPT may have come with the invocation.
    if (signal.aborted) interrupt();
    else signal.addEventListener('abort', interrupt);
    return new Promise<RawResult>((resolve, reject) => {
      this.#invoked.set(request, { invocation, resolve, reject });
    }).finally(() => this.#invoked.delete(request));
  }

  /** One behind, since only the end tells which was the last. */
  async #more(request: number, id: number, { input, details }: Invocation): Promise<void> {
    const { progress: _, ...last } = details;
    let held: { args: readonly unknown[]; kwargs: unknown } | undefined;
    try {
      for await (const chunk of input) {
        if (held) this.#send(68, request, id, details, held.args, held.kwargs);
        held = chunk;
      }
      this.#send(68, request, id, last, held?.args ?? [], held?.kwargs ?? {});
    } catch {
      // The tab has been told by INTERRUPT.
    }
  }

  /** YIELD or ERROR. */
  answer(message: Message): void {
    if (message[0] === 8) {
      const [, , request, , uri, args, kwargs] = message;
      return this.#invoked.get(request)?.reject(new WampError(uri, payload(args, kwargs)));
    }
    const [, request, options, args, kwargs] = message;
    const invoked = this.#invoked.get(request);
    if (!invoked) return;
    const { args: [value, ...rest], kwargs: named } = payload(args, kwargs);
    if (options.progress === true) void invoked.invocation.progress(value, { args: rest, kwargs: named });
    else invoked.resolve(invoked.invocation.result(payload(args, kwargs)));
  }

  end(): void {
    this.#ended = true;
    const registrations = [...this.#registrations.values()];
    this.#registrations.clear();
    for (const registration of registrations) void registration.unregister().catch(() => {});
    for (const { reject } of this.#invoked.values()) reject(gone());
  }
}

const gone = () => new WampError('wamp.error.canceled', { message: 'the tab that served this is gone' });
