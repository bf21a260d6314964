// The servers of the package `ws`, which listen in the runner and are told here what to do.
import { ask, listen } from './remote.mjs';

export const WebSocket = globalThis.WebSocket;

class Emitter {
  #listeners = new Map();

  on(event, listener) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  once(event, listener) {
    const once = (...args) => {
      this.off(event, once);
      listener(...args);
    };
    return this.on(event, once);
  }

  off(event, listener) {
    this.#listeners.set(event, (this.#listeners.get(event) ?? []).filter((one) => one !== listener));
    return this;
  }

  emit(event, ...args) {
    for (const listener of this.#listeners.get(event) ?? []) listener(...args);
  }
}

export class WebSocketServer extends Emitter {
  clients = new Set();
  #object;
  #address;

  constructor({ port, handleProtocols = ([first]) => first ?? false }) {
    super();
    void ask('serve', port).then(({ object, address }) => {
      this.#object = object;
      this.#address = address;
      listen(object, (event, ...args) => this.#heard(event, args, handleProtocols));
      this.emit('listening');
    });
  }

  address() {
    return this.#address;
  }

  close(closed) {
    void ask('method', this.#object, 'close', []).then(() => closed?.());
  }

  #heard(event, [object, ...about], handleProtocols) {
    if (event === 'upgrade') {
      const [protocols, request] = about;
      return ask('method', object, 'accept', [handleProtocols(new Set(protocols), request)]);
    }
    const [protocol, request] = about;
    const socket = new ServerSocket(object, protocol);
    this.clients.add(socket);
    socket.on('close', () => this.clients.delete(socket));
    this.emit('connection', socket, request);
  }
}

class ServerSocket extends Emitter {
  readyState = 1;
  protocol;
  #object;
  #pauses = { cork: () => this.#tell('cork'), uncork: () => this.#tell('uncork'), destroy: () => this.#tell('destroy') };

  constructor(object, protocol) {
    super();
    this.#object = object;
    this.protocol = protocol;
    listen(object, (event, ...args) => {
      if (event === 'close') this.readyState = 3;
      this.emit(event, ...args);
    });
  }

  /** The stream below. */
  get _socket() {
    return this.#pauses;
  }

  send(data, options) {
    this.#tell('send', data, options);
  }

  close(code, reason) {
    this.#tell('close', code, reason);
  }

  terminate() {
    this.#tell('terminate');
  }

  ping() {
    this.#tell('ping');
  }

  pause() {
    this.#tell('pause');
  }

  resume() {
    this.#tell('resume');
  }

  #tell(method, ...args) {
    void ask('method', this.#object, method, args).catch(() => {});
  }
}
