import { type MaybeRefOrGetter, computed, toValue } from 'vue';
import type { FeedOptions, HeldState, Name, SubscriptionOptions } from '../../declarations/hooks.js';
import type { Handler } from '../../index.js';
import { Feed, type FeedState, Held, type RegistrationOptions, registering, subscribing } from '../binding/held.js';
import { part, useClient } from './client.js';
import { useLasting } from './lasting.js';

export function useSubscription(
  topic: MaybeRefOrGetter<Name>, handler: (event: any) => unknown, options: MaybeRefOrGetter<SubscriptionOptions> = {},
) {
  const client = useClient();
  const [, state] = useLasting<[Name, SubscriptionOptions], HeldState, Held>(
    () => [toValue(topic), toValue(options)], ([name, given]) => new Held(subscribing(client, name, handler, given)),
  );
  return { status: part(state, 'status'), error: part(state, 'error') };
}

export function useRegistration(procedure: MaybeRefOrGetter<Name>, handler: Handler, options: MaybeRefOrGetter<RegistrationOptions> = {}) {
  const client = useClient();
  const [, state] = useLasting<[Name, RegistrationOptions], HeldState, Held>(
    () => [toValue(procedure), toValue(options)], ([name, given]) => new Held(registering(client, name, handler, given)),
  );
  return { status: part(state, 'status'), error: part(state, 'error') };
}

export function useEvents(topic: MaybeRefOrGetter<Name>, options: MaybeRefOrGetter<FeedOptions> = {}) {
  const client = useClient();
  const [current, state] = useLasting<[Name, FeedOptions], FeedState, Feed>(
    () => [toValue(topic), toValue(options)], ([name, given]) => new Feed(client, name, given),
  );
  return { events: part(state, 'events'), status: part(state, 'status'), error: part(state, 'error'), clear: () => current().clear() };
}

export function useLatest(topic: MaybeRefOrGetter<Name>, options: MaybeRefOrGetter<SubscriptionOptions & { initial?: any }> = {}) {
  const { events, status, error } = useEvents(topic, () => {
    const { initial: _, ...rest } = toValue(options);
    return { ...rest, limit: 1 };
  });
  const event = computed(() => events.value[0]);
  const data = computed(() => (event.value ? event.value.data : toValue(options).initial));
  return { data, event, status, error };
}
