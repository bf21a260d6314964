import type { FeedOptions, HeldState, Name, SubscriptionOptions } from '../../declarations/hooks.js';
import type { Client, EventMessage, Handler, RegisterOptions } from '../../index.js';
import { type Lasting, Watched, lastOf, soon } from './watched.js';

/** Subscribes or registers until the signal is aborted. */
export type Open = (signal: AbortSignal) => Promise<{ readonly closed: Promise<unknown> }>;


export type RegistrationOptions = Omit<RegisterOptions, 'signal'>;

type OnEvent = (event: any) => unknown;

/** How to subscribe. */
export function subscribing(client: Client, topic: Name, handler: OnEvent, options: SubscriptionOptions): Open | undefined {
  return topic ? (signal) => client.subscribe(topic, handler, { ...options, signal }) : undefined;
}

/** How to register. */
export function registering(client: Client, procedure: Name, handler: Handler, options: RegistrationOptions): Open | undefined {
  if (!procedure) return undefined;
  return async (signal) => {
    const register = () => client.register(procedure, handler, { ...options, signal });
    try {
      return await register();
    } catch (error) {
      if ((error as { uri?: string })?.uri !== 'wamp.error.procedure_already_exists') throw error;
      // Whoever went before the router had answered unregisters only now.
      return register();
    }
  };
}

/** A subscription or registration for as long as a component is there. Without `open` it stays idle. */
export class Held<State extends HeldState = HeldState> extends Watched<State> implements Lasting<State> {
  readonly #open: Open | undefined;

  constructor(open: Open | undefined, more?: Omit<State, keyof HeldState>) {
    super({ status: open ? 'pending' : 'idle', error: undefined, ...more } as State);
    this.#open = open;
  }

  start(): () => void {
    const open = this.#open;
    if (!open) return () => {};
    const abort = new AbortController();
    const tell = (status: HeldState['status'], error?: unknown) => {
      if (!abort.signal.aborted) this.set({ status, error } as Partial<State>);
    };
    if (this.get().status !== 'pending') tell('pending');
    const takeBack = soon(async () => {
      try {
        const { closed } = await open(abort.signal);
        tell('active');
        await closed;
        tell('closed');
      } catch (error) {
        tell('closed', error);
      }
    });
    return () => {
      takeBack();
      abort.abort();
    };
  }
}

export interface FeedState extends HeldState {
  readonly events: readonly EventMessage<any>[];
}

/** A subscription that keeps the last events, the newest last. */
export class Feed extends Held<FeedState> {
  constructor(client: Client, topic: Name, { limit = 100, ...options }: FeedOptions) {
    const keep = (event: EventMessage) => this.set({ events: lastOf(limit, this.get().events, event) });
    super(subscribing(client, topic, keep, options), { events: [] });
  }

  readonly clear = (): void => this.set({ events: [] });
}
