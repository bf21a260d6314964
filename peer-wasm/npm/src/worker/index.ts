import { Client, type ClientOptions, type EndpointInput } from 'wamplex';
import type { Share, Tab } from '../../worker.js';
import { ANY_REALM, type Note, type Port } from './messages.js';
import { PortSocket } from './port_socket.js';
import { Relay } from './relay.js';

/** In a tab: a client on the session that the worker has. */
export async function connect(tab: Tab, options: Partial<ClientOptions> = {}): Promise<Client> {
  const port = portOf(tab);
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
    webSocket: () => new PortSocket(port, (method) => (proof.method = method)),
  });
  try {
    await client.connect({ timeout: options.connectTimeout ?? 10_000 });
  } catch (error) {
    await client.close();
    throw error;
  }
  return client;
}

/** In a worker: one session for all tabs. */
export function serve(endpoint: Client | EndpointInput, options?: ClientOptions): Share {
  const client = endpoint instanceof Client ? endpoint : new Client(endpoint, options!);
  const relays = new Set<Relay>();
  const attach = (tab: Tab) => listen(portOf(tab), client, relays);
  const scope = globalThis as any;
  const connected = ({ ports: [port] }: { ports: [Port] }) => attach(port);
  if ('onconnect' in scope) scope.addEventListener('connect', connected);
  else if (typeof scope.WorkerGlobalScope === 'function') attach(scope);
  client.addEventListener('sessionlost', ({ detail }) => {
    for (const relay of [...relays]) relay.end(detail.cause.message);
  });
  return {
    client,
    attach,
    get tabs() {
      return relays.size;
    },
    async close() {
      scope.removeEventListener?.('connect', connected);
      for (const relay of [...relays]) relay.end('the worker closes');
      await client.close();
    },
  };
}

/** Serves the sockets that come through one port. */
function listen(port: Port, client: Client, relays: Set<Relay>): void {
  const sockets = new Map<number, Relay>();
  port.addEventListener('message', ({ data: note }: { data: Note }) => {
    const { socket } = note;
    if ('data' in note) return sockets.get(socket)?.receive(note.data);
    if ('close' in note) return sockets.get(socket)?.end('');
    const relay = new Relay(
      client,
      (data) => port.postMessage({ socket, data }),
      (reason) => {
        sockets.delete(socket);
        relays.delete(relay);
        port.postMessage({ socket, close: reason });
      },
    );
    sockets.set(socket, relay);
    relays.add(relay);
    if (note.open) void navigator.locks.request(note.open, () => relay.end(''));
  });
  port.start?.();
}

function portOf(tab: Tab): Port {
  return (('port' in tab ? tab.port : tab) as unknown) as Port;
}
