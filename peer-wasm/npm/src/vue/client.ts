import { type App, type ComputedRef, type InjectionKey, type ShallowRef, computed, getCurrentInstance, hasInjectionContext, inject, provide, shallowRef } from 'vue';
import type { Client, SessionInfo, State } from '../../index.js';
import { onState } from '../binding/watched.js';
import { whenShown } from './lasting.js';

const KEY: InjectionKey<Client> = Symbol('wamplex');
/** Vue gives to the components inside only what a component provides. */
const provided = new WeakMap<object, Client>();

export function createWamp({ client }: { client: Client }) {
  return { install: (app: App) => void app.provide(KEY, client) };
}

export function provideClient(client: Client): void {
  provide(KEY, client);
  provided.set(getCurrentInstance()!, client);
}

export function useClient(): Client {
  const instance = getCurrentInstance();
  const client = (instance && provided.get(instance)) ?? (hasInjectionContext() ? inject(KEY, undefined) : undefined);
  if (!client) throw new Error('there is no WAMP client here: app.use(createWamp({ client })), or provideClient(client) in a component around');
  return client;
}

export function useConnectionState(): Readonly<ShallowRef<State>> {
  return useClientState((client) => client.state);
}

export function useSession(): Readonly<ShallowRef<SessionInfo | null>> {
  return useClientState((client) => client.session);
}

function useClientState<T>(read: (client: Client) => T): Readonly<ShallowRef<T>> {
  const client = useClient();
  const state = shallowRef(read(client)) as ShallowRef<T>;
  const update = () => void (state.value = read(client));
  whenShown(() => {
    update();
    return onState(client, update);
  });
  return state;
}

/** One property of a state as a reference. */
export function part<State, K extends keyof State>(state: Readonly<ShallowRef<State>>, name: K): ComputedRef<State[K]> {
  return computed(() => state.value[name]);
}
