import { onMount } from 'svelte';
import type { FeedOptions, HeldState, Name, SubscriptionOptions } from '../../declarations/hooks.js';
import type { Client, Handler } from '../../index.js';
import { Feed, type FeedState, Held, type RegistrationOptions, registering, subscribing } from '../binding/held.js';
import { type MaybeStore, type Readable, lastingStore, mapped } from './store.js';

export function events(client: Client, topic: MaybeStore<Name>, options: FeedOptions = {}) {
  const [store, current] = lastingStore<[Name], FeedState, Feed>([topic], (name) => new Feed(client, name, options));
  return { ...store, clear: () => current().clear() };
}

export function subscription(client: Client, topic: MaybeStore<Name>, { initial, ...options }: SubscriptionOptions & { initial?: any } = {}) {
  return mapped(events(client, topic, { ...options, limit: 1 }), ({ events: [event], status, error }) => ({
    data: event ? event.data : initial, event, status, error,
  }));
}

export function useSubscription(
  client: Client, topic: MaybeStore<Name>, handler: (event: any) => unknown, options: SubscriptionOptions = {},
): Readable<HeldState> {
  return whileMounted(topic, (name) => new Held(subscribing(client, name, handler, options)));
}

export function useRegistration(
  client: Client, procedure: MaybeStore<Name>, handler: Handler, options: RegistrationOptions = {},
): Readable<HeldState> {
  return whileMounted(procedure, (name) => new Held(registering(client, name, handler, options)));
}

/** A store that works while the component is there, whether anybody reads it or not. */
function whileMounted(name: MaybeStore<Name>, make: (name: Name) => Held): Readable<HeldState> {
  const [store] = lastingStore<[Name], HeldState, Held>([name], make);
  onMount(() => store.subscribe(() => {}));
  return store;
}
