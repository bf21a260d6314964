// What pages cannot do themselves: routers, servers, modules that need Node. Each page has a connection (page/remote.mjs),
// and what it has started ends with it.
import { createServer } from 'node:http';
import { once } from 'node:events';
import { WebSocketServer } from 'ws';

/** Modules beside the tests whose functions run here, for pages that import them. */
export const REMOTE = ['router.mjs', 'browsers/proxy.mjs'];

/** Serves one page. */
export class Control {
  #socket;
  #objects = new Map();
  #last = 0;

  constructor(socket) {
    this.#socket = socket;
    socket.on('message', (data) => void this.#answer(JSON.parse(String(data), unpacked)));
    socket.on('close', () => this.#end());
  }

  async #answer({ id, what, args }) {
    try {
      this.#send({ id, value: await this.#do(what, args) });
    } catch (error) {
      this.#send({ id, error: String(error?.message ?? error) });
    }
  }

  #do(what, args) {
    if (what === 'call') return this.#call(...args);
    if (what === 'serve') return this.#serve(...args);
    const [number, method, given] = args;
    const object = this.#objects.get(number);
    // Stopped by the page: not to be stopped again.
    if (method === 'stop') this.#objects.delete(number);
    return object[method](...given);
  }

  async #call(module, name, args) {
    if (!REMOTE.includes(module)) throw new Error(`${module} does not run here`);
    const functions = await import(new URL(`../${module}`, import.meta.url));
    const result = await functions[name](...args);
    if (typeof result !== 'object' || result === null) return { data: result, methods: [] };
    const methods = Object.keys(result).filter((key) => typeof result[key] === 'function');
    return { object: this.#add(result), data: result, methods };
  }

  /** A WebSocket server, whose page decides about each client. */
  async #serve(port = 0) {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    const object = this.#add({ close: () => void server.close() });
    server.on('upgrade', (request, socket, head) => {
      const { url, headers } = request;
      const protocols = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim()).filter(Boolean);
      const accept = (protocol) => {
        const handshake = new WebSocketServer({ noServer: true, handleProtocols: () => protocol });
        handshake.handleUpgrade(request, socket, head, (accepted) => this.#connected(object, accepted, { url, headers }));
      };
      this.#tell(object, 'upgrade', this.#add({ accept }), protocols, { url, headers });
    });
    return { object, address: server.address() };
  }

  #connected(server, socket, request) {
    const { _socket: stream } = socket;
    const object = this.#add({
      send: (data, options) => socket.send(data, options ?? {}),
      close: (code, reason) => socket.close(code ?? undefined, reason ?? undefined),
      terminate: () => socket.terminate(),
      ping: () => socket.ping(),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      cork: () => stream.cork(),
      uncork: () => stream.uncork(),
      destroy: () => void stream.destroy(),
    });
    this.#tell(server, 'connection', object, socket.protocol, request);
    socket.on('message', (data, isBinary) => this.#tell(object, 'message', data, isBinary));
    socket.on('close', (code, reason) => this.#tell(object, 'close', code, reason));
    socket.on('pong', () => this.#tell(object, 'pong'));
    socket.on('error', () => {});
  }

  #add(object) {
    this.#objects.set(++this.#last, object);
    return this.#last;
  }

  #tell(object, event, ...args) {
    this.#send({ object, event, args });
  }

  #send(message) {
    if (this.#socket.readyState === 1) this.#socket.send(JSON.stringify(message, packed));
  }

  #end() {
    for (const { stop, terminate, close } of this.#objects.values()) void (stop ?? terminate ?? close)?.();
    this.#objects.clear();
  }
}

/** Bytes in JSON; `Buffer` has a notation of its own, which it writes before anybody is asked. */
export function packed(key, value) {
  const given = this[key];
  return given instanceof Uint8Array ? { $bytes: Buffer.from(given).toString('base64') } : value;
}

export function unpacked(_, value) {
  return typeof value?.$bytes === 'string' ? Buffer.from(value.$bytes, 'base64') : value;
}
