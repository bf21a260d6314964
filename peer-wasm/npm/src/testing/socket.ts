import { nextTask } from './clock.js';
import type { Host } from './host.js';

const EVENTS = ['open', 'message', 'close', 'error'] as const;

/** A WebSocket whose other end is in the page. */
export class PageSocket extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  readonly CLOSING = 2;
  readonly CLOSED = 3;
  declare onopen: ((event: any) => any) | null;
  declare onmessage: ((event: any) => any) | null;
  declare onclose: ((event: any) => any) | null;
  declare onerror: ((event: any) => any) | null;
  readonly url: string;
  readonly extensions = '';
  binaryType: string = 'blob';
  #protocol = '';
  #readyState = 0;
  #bufferedAmount = 0;
  #isCut = false;
  readonly #host: Host;

  constructor(host: Host, url: string, protocols: string | readonly string[] = []) {
    super();
    this.#host = host;
    this.url = url;
    host.request(this, typeof protocols === 'string' ? [protocols] : protocols);
  }

  get protocol(): string {
    return this.#protocol;
  }

  get readyState(): number {
    return this.#readyState;
  }

  get bufferedAmount(): number {
    return this.#bufferedAmount;
  }

  send(data: string | ArrayBuffer | ArrayBufferView): void {
    if (this.#readyState === 0) throw new DOMException('the socket is not open yet', 'InvalidStateError');
    if (this.#readyState !== 1) return;
    const message = typeof data === 'string' ? data : copied(data);
    this.#bufferedAmount += message.length;
    this.#host.network.send(() => {
      this.#bufferedAmount -= message.length;
      this.#host.receive(this, message);
    });
  }

  close(code = 1005, reason = ''): void {
    if (code !== 1005 && code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new DOMException(`${code} is no code for an application to close with`, 'InvalidAccessError');
    }
    if (this.#readyState >= 2) return;
    const wasOpen = this.#readyState === 1;
    this.#readyState = 2;
    this.#host.network.send(() => {
      this.#host.forget(this);
      this.#host.network.send(() => (wasOpen ? this.ended(code, reason) : this.failed()));
    });
  }

  // ---- what the host tells ---------------------------------------------------------

  opened(protocol: string): void {
    if (this.#readyState !== 0) return;
    this.#protocol = protocol;
    this.#readyState = 1;
    this.dispatchEvent(new Event('open'));
  }

  delivered(data: string | Uint8Array): void {
    if (this.#readyState !== 1 || this.#isCut) return;
    this.dispatchEvent(new MessageEvent('message', { data: typeof data === 'string' ? data : this.#binary(data) }));
  }

  #binary({ buffer }: Uint8Array): ArrayBufferLike | Blob {
    return this.binaryType === 'blob' ? new Blob([buffer as ArrayBuffer]) : buffer;
  }

  /** The network is gone; the page hears of it soon, and of nothing else before. */
  cut(): void {
    this.#isCut = true;
    nextTask(() => this.ended(1006));
  }

  /** The connection is closed, or with code 1006 lost. */
  ended(code: number, reason = ''): void {
    if (this.#readyState === 3) return;
    this.#readyState = 3;
    this.#bufferedAmount = 0;
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason, wasClean: code !== 1006 }));
  }

  /** There is no connection. */
  failed(): void {
    if (this.#readyState === 3) return;
    this.dispatchEvent(new Event('error'));
    this.ended(1006);
  }
}

for (const type of EVENTS) {
  const handlers = new WeakMap<PageSocket, (event: any) => any>();
  Object.defineProperty(PageSocket.prototype, `on${type}`, {
    configurable: true,
    get(this: PageSocket) {
      return handlers.get(this) ?? null;
    },
    set(this: PageSocket, handler: ((event: any) => any) | null) {
      const before = handlers.get(this);
      if (before) this.removeEventListener(type, before);
      handlers.delete(this);
      if (typeof handler !== 'function') return;
      handlers.set(this, handler);
      if (!targetsCallHandlers()) this.addEventListener(type, handler);
    },
  });
}

let callHandlers: boolean | undefined;

/** Whether every `EventTarget` calls what stands in its `on…` properties, as in Workers. */
function targetsCallHandlers(): boolean {
  if (callHandlers === undefined) {
    callHandlers = false;
    const target = Object.assign(new EventTarget(), { onopen: () => (callHandlers = true) });
    target.dispatchEvent(new Event('open'));
  }
  return callHandlers;
}

function copied(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  if (Object.prototype.toString.call(data) === '[object ArrayBuffer]') return new Uint8Array(data).slice();
  throw new TypeError('sockets to a router in the page take strings, buffers and views');
}
