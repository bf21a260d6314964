import { Client, TimeoutError, type ClientOptions, type EndpointInput } from 'wamplex';
import type { Share, Tab } from '../../worker.js';
import { Entrance, portOf } from './entrance.js';
import { ANY_REALM, type Port } from './messages.js';
import type { Relay } from './relay.js';
import { listen, release } from './sockets.js';

/** Those that are not closed. */
const shares = new Set<Client>();

/** In a tab: a client on the session that the worker has. */
export async function connect(tab: Tab | (() => Tab | Promise<Tab>), options: Partial<ClientOptions> = {}): Promise<Client> {
  const entrance = new Entrance(tab);
  // The worker has proved who they all are; a tab only learns how.
  const proof = { method: 'anonymous' };
  const client = new Client('worker:shared', {
    reconnect: { initialDelay: 50, maxDelay: 1000 },
    ...options,
    realm: options.realm ?? ANY_REALM,
    serializers: ['json'],
    auth: proof,
    // There is no network in between.
    heartbeat: false,
    webSocket: () => entrance.open((method) => (proof.method = method)),
  });
  try {
    await client.connect({ timeout: options.connectTimeout ?? 10_000 });
  } catch (error) {
    await client.close();
    throw error instanceof TimeoutError ? new TimeoutError(error.uri, { message: entrance.failure }) : error;
  }
  return client;
}

/** In a worker: one session for all tabs. */
export function serve(endpoint: Client | EndpointInput, options?: ClientOptions): Share {
  const client = endpoint instanceof Client ? endpoint : new Client(endpoint, options!);
  const relays = new Set<Relay>();
  shares.add(client);
  const attach = (tab: Tab) => listen(portOf(tab), client, relays);
  const scope = globalThis as any;
  const connected = ({ ports: [port] }: { ports: [Port] }) => attach(port);
  if ('onconnect' in scope) scope.addEventListener('connect', connected);
  else if (typeof scope.WorkerGlobalScope === 'function') attach(scope);
  const endAll = (reason: string) => {
    for (const relay of [...relays]) relay.end(reason);
  };
  client.addEventListener('sessionlost', ({ detail }) => endAll(detail.cause.message));
  // The worker may do so by itself. Who only asks for a session hears more.
  client.addEventListener('statechange', ({ detail: { state, previous } }) => {
    if (state === 'closed' && previous === 'open') endAll('the worker has closed the session');
  });
  return {
    client,
    attach,
    get tabs() {
      return relays.size;
    },
    async close() {
      scope.removeEventListener?.('connect', connected);
      endAll('the worker has closed the session');
      await client.close();
      shares.delete(client);
      if (shares.size === 0) release();
    },
  };
}
