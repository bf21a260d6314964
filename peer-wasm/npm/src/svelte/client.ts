import { getContext, setContext } from 'svelte';
import type { Client, SessionInfo, State } from '../../index.js';
import { onState } from '../binding/watched.js';
import type { Readable } from './store.js';

const KEY = Symbol('wamplex');

export function setClient<T extends Client>(client: T): T {
  return setContext(KEY, client);
}

export function getClient(): Client<any> {
  const client = getContext<Client<any> | undefined>(KEY);
  if (!client) throw new Error('there is no WAMP client here: call setClient(client) in a component around');
  return client;
}

export function connectionState(client: Client): Readable<State> {
  return clientStore(client, () => client.state);
}

export function session(client: Client): Readable<SessionInfo | null> {
  return clientStore(client, () => client.session);
}

function clientStore<T>(client: Client, read: () => T): Readable<T> {
  return {
    subscribe(run) {
      run(read());
      return onState(client, () => run(read()));
    },
  };
}
