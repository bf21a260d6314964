import type { WebSocketLike } from '../../index.js';
import { PROTOCOL, type Note, type Port } from './messages.js';

const OPEN = 1;
const CLOSED = 3;

let sockets = 0;

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
  readonly #number = ++sockets;
  readonly #hear = ({ data: note }: { data: Note }) => this.#heard(note);
  #release: (() => void) | undefined;
  #learn: ((authmethod: string) => void) | undefined;

  /** `learn` is told how the worker has proved who it is, before the client hears of it in WELCOME. */
  constructor(port: Port, learn: (authmethod: string) => void) {
    this.#port = port;
    this.#learn = learn;
    port.addEventListener('message', this.#hear);
    port.start?.();
    void this.#open();
  }

  /** The lock is free when this tab is gone: nothing else tells a worker reliably. */
  async #open(): Promise<void> {
    const { locks } = globalThis.navigator ?? {};
    // Both only where pages are secure.
    const name = locks && `wamplex ${crypto.randomUUID()}`;
    if (name) {
      await new Promise<void>((held) => {
        const until = new Promise<void>((release) => (this.#release = release));
        void locks.request(name, () => (held(), until));
      });
    }
    if (this.readyState === CLOSED) return this.#release?.();
    this.readyState = OPEN;
    this.#port.postMessage({ socket: this.#number, open: name ?? '' });
    this.onopen?.({});
  }

  #heard(note: Note): void {
    if (note.socket !== this.#number) return;
    if ('data' in note) {
      // The first message is WELCOME or ABORT.
      const { authmethod } = (this.#learn && JSON.parse(note.data)[2]) || {};
      if (authmethod) this.#learn!(authmethod);
      this.#learn = undefined;
      this.onmessage?.({ data: note.data });
    } else if ('close' in note) {
      this.#end(note.close);
    }
  }

  send(data: string): void {
    if (this.readyState === OPEN) this.#port.postMessage({ socket: this.#number, data });
  }

  close(): void {
    if (this.readyState === OPEN) this.#port.postMessage({ socket: this.#number, close: '' });
    this.#end('');
  }

  #end(reason: string): void {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.#port.removeEventListener('message', this.#hear);
    this.#release?.();
    this.onclose?.({ code: 1006, reason });
  }
}
