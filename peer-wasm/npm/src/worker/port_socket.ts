import type { WebSocketLike } from '../../index.js';
import { Silence, hold, whenFree } from './life.js';
import { PROTOCOL, type Note, type Port } from './messages.js';

const OPEN = 1;
const CLOSED = 3;

const NO_SESSION = 'the worker has no session';

let sockets = 0;

/** Whom a socket tells what. */
export interface PortListener {
  /** How it has proved who it is: told before the client hears of it in WELCOME. */
  learn(authmethod: string): void;
  /** The worker is dead, or has its reasons to be silent. */
  failed(reason: string, dead: boolean): void;
}

/** What a client in a tab takes for a WebSocket: messages go to the worker that has the connection. */
export class PortSocket implements WebSocketLike {
  binaryType = 'arraybuffer';
  readyState = 0;
  readonly protocol = PROTOCOL;
  readonly bufferedAmount = 0;
  onopen: ((event: any) => any) | null = null;
  onmessage: ((event: any) => any) | null = null;
  onclose: ((event: any) => any) | null = null;
  onerror: ((event: any) => any) | null = null;
  readonly #port: Port;
  readonly #own: boolean;
  readonly #listener: PortListener;
  readonly #number = ++sockets;
  /** Aborted when it is closed: until then it listens, and waits for locks. */
  readonly #life = new AbortController();
  #silence: Silence | undefined;
  #welcome = true;

  /**
   * The port is closed with the socket if it is its `own`. `worker` tells if it cannot be loaded, and is given up if it does not
   * answer within `patience`, in milliseconds, unless that is 0.
   */
  constructor(port: Port, own: boolean, worker: Partial<EventTarget>, patience: number, listener: PortListener) {
    this.#port = port;
    this.#own = own;
    this.#listener = listener;
    const { signal } = this.#life;
    port.addEventListener('message', ({ data }) => this.#heard(data), { signal });
    port.addEventListener('close', () => this.#dead('the worker is gone'), { signal });
    worker.addEventListener?.('error', ({ message }: any) => {
      if (!message) this.#dead('the worker has failed: its script cannot be loaded');
      // Something has thrown, which may be after all that we need.
      else listener.failed(`the worker has failed: ${message}`, false);
    }, { signal });
    port.start?.();
    if (patience) setTimeout(() => this.readyState === 0 && this.#end('the worker does not answer'), patience);
    void this.#open();
  }

  async #open(): Promise<void> {
    const { signal } = this.#life;
    const lock = await hold(new Promise((release) => signal.addEventListener('abort', () => release())));
    this.#tell({ open: lock });
  }

  #heard(note: Partial<Note> & Record<string, any> | null): void {
    if (note?.socket !== this.#number) return;
    const { open, data, close, why } = note;
    this.#silence?.break();
    if (note['alive']) this.#tell({ alive: true });
    else if (open !== undefined) this.#answered(open);
    else if (close !== undefined) this.#end(close);
    else if (why) this.#listener.failed(`${NO_SESSION}: ${why}`, false);
    else if (data) {
      // The first message is WELCOME or ABORT.
      const { authmethod } = (this.#welcome && JSON.parse(data)[2]) || {};
      if (authmethod) this.#listener.learn(authmethod);
      this.#welcome = false;
      this.onmessage?.({ data });
    }
  }

  #answered(lock: string): void {
    if (lock) whenFree(lock, this.#life.signal, () => this.#dead('the worker is gone'));
    else this.#silence = new Silence(() => {}, () => this.#end('the worker does not answer'));
    this.readyState = OPEN;
    this.#listener.failed(NO_SESSION, false);
    this.onopen?.({});
  }

  /** Unless it is closed. */
  #tell(what: object): void {
    if (this.readyState !== CLOSED) this.#port.postMessage({ socket: this.#number, ...what } as Note);
  }

  send(data: string): void {
    this.#tell({ data });
  }

  close(): void {
    this.#end('');
  }

  #dead(reason: string): void {
    this.#listener.failed(reason, true);
    this.#end(reason);
  }

  #end(reason: string): void {
    if (this.readyState === CLOSED) return;
    // A worker that is alive after all ends what it has for this socket before it hears of the next one.
    this.#tell({ close: '' });
    this.readyState = CLOSED;
    this.#life.abort();
    this.#silence?.stop();
    if (this.#own) this.#port.close?.();
    this.onclose?.({ code: 1006, reason });
  }
}
