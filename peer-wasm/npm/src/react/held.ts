import { useMemo } from 'react';
import type { FeedOptions, HeldState, Name, SubscriptionOptions } from '../../declarations/hooks.js';
import type { Gap, Handler } from '../../index.js';
import { Feed, type FeedState, Held, type RegistrationOptions, registering, subscribing } from '../binding/held.js';
import { useClient } from './client.js';
import { useLasting, useNewest, useValue } from './lasting.js';

export function useSubscription(topic: Name, handler: (event: any) => unknown, options: SubscriptionOptions = {}): HeldState {
  const client = useClient();
  const newest = useNewest(handler);
  const same = useSame(options);
  return useLasting<HeldState, Held>(() => new Held(subscribing(client, topic, newest, same)), [client, topic, same])[1];
}

export function useRegistration(procedure: Name, handler: Handler, options: RegistrationOptions = {}): HeldState {
  const client = useClient();
  const newest = useNewest(handler);
  const same = useValue(options);
  return useLasting<HeldState, Held>(() => new Held(registering(client, procedure, newest, same)), [client, procedure, same])[1];
}

export function useEvents(topic: Name, options: FeedOptions = {}) {
  const client = useClient();
  const same = useSame(options);
  const [{ clear }, state] = useLasting<FeedState, Feed>(() => new Feed(client, topic, same), [client, topic, same]);
  return { ...state, clear };
}

export function useLatest(topic: Name, { initial, ...options }: SubscriptionOptions & { initial?: unknown } = {}) {
  const { events: [event], status, error } = useEvents(topic, { ...options, limit: 1 });
  return { data: event ? event.data : initial, event, status, error };
}

/** Options that stay the same object as long as they say the same; whoever listens to gaps may be another one each time. */
function useSame<O extends SubscriptionOptions>({ ongap, ...options }: O): O {
  const newest = useNewest((gap: Gap) => ongap?.(gap));
  const same = useValue(options);
  return useMemo(() => ({ ...same, ongap: newest }), [same, newest]) as unknown as O;
}
