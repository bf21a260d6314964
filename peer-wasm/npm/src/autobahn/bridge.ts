import type { WebSocketLike } from '../../index.js';

export interface TransportInfo {
  type?: string;
  url?: string | null;
  protocol?: string | null;
}

/** What ended a transport. */
export interface CloseEvent {
  readonly code?: number;
  readonly reason?: string;
  readonly wasClean?: boolean;
}

/** A transport as applications register them: it carries messages, not bytes. */
export interface RawTransport {
  readonly info?: TransportInfo;
  onopen(): void;
  onmessage(message: any[]): void;
  onclose(event: CloseEvent): void;
  send(message: unknown[]): unknown;
  close(code?: number, reason?: string): void;
}

/** A transport of the application as the client wants it: a WebSocket that speaks JSON. */
export function asWebSocket(raw: RawTransport): WebSocketLike {
  let state = 0;
  const socket: WebSocketLike = {
    binaryType: 'arraybuffer',
    protocol: 'wamp.2.json',
    bufferedAmount: 0,
    onopen: null,
    onmessage: null,
    onclose: null,
    onerror: null,
    get readyState() {
      return state;
    },
    send: (text: string) => void raw.send(JSON.parse(text)),
    close: (code, reason) => {
      if (state < 2) state = 2;
      raw.close(code, reason);
    },
  };
  raw.onopen = () => {
    state = 1;
    socket.onopen?.({});
  };
  raw.onmessage = (message) => socket.onmessage?.({ data: JSON.stringify(message) });
  raw.onclose = (event) => {
    state = 3;
    socket.onclose?.({ code: 1006, reason: '', wasClean: false, ...event });
  };
  return socket;
}
