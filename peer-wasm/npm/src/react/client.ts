import { createContext, createElement, useCallback, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { Client } from 'wamplex';
import type { ClientOptions, EndpointInput, SessionInfo, State } from '../../index.js';
import { onState } from '../binding/watched.js';

const Context = createContext<Client | null>(null);

interface Shared {
  client: Client;
  children?: ReactNode;
}

interface Own {
  url: EndpointInput;
  options: ClientOptions;
  children?: ReactNode;
}

export function WampProvider(props: Shared | Own): ReactElement {
  return 'client' in props && props.client ? createElement(ClientProvider, props) : createElement(OwnClient, props as Own);
}

/** In a component of its own, so that the package's client is left out of programs that bring one of another entry. */
export function ClientProvider({ client, children }: Shared): ReactElement {
  return createElement(Context.Provider, { value: client }, children);
}

/** A client that lives as long as this component is shown. */
function OwnClient({ url, options, children }: Own): ReactElement {
  const [generation, setGeneration] = useState(0);
  const key = JSON.stringify([url, options.realm, generation]);
  const make = () => ({ key, client: new Client(url, options), shown: 0 });
  const [own, setOwn] = useState(make);
  if (own.key !== key) setOwn(make());
  useEffect(() => {
    own.shown++;
    // How it goes is told by its state and its events.
    own.client.connect().catch(() => {});
    return () => {
      own.shown--;
      // Strict mode shows, hides and shows again at once: that is no reason to connect anew.
      queueMicrotask(() => {
        if (own.shown > 0) return;
        void own.client.close();
        // Where it was hidden only, it comes back with a client that can be used.
        setGeneration((last) => last + 1);
      });
    };
  }, [own]);
  return createElement(ClientProvider, { client: own.client }, children);
}

export function useClient(): Client {
  const client = useContext(Context);
  if (!client) throw new Error('there is no WAMP client here: put <WampProvider> around this component');
  return client;
}

export function useConnectionState(): State {
  return useClientState<State>((client) => client.state, 'idle');
}

export function useSession(): SessionInfo | null {
  return useClientState<SessionInfo | null>((client) => client.session, null);
}

function useClientState<T>(read: (client: Client) => T, onServer: T): T {
  const client = useClient();
  const subscribe = useCallback((listener: () => void) => onState(client, listener), [client]);
  return useSyncExternalStore(subscribe, () => read(client), () => onServer);
}
