import type { Host } from './host.js';
import { PageSocket } from './socket.js';

/** Lets `new WebSocket(url)` lead to the host, and leaves all other addresses to the class that was there before. */
export function installed(host: Host, url: string): () => void {
  const original = globalThis.WebSocket;
  const ours = absolute(url);
  class WebSocket extends PageSocket {
    constructor(to: string | URL, protocols?: string | string[]) {
      if (absolute(to) !== ours) {
        if (!original) throw new TypeError(`nothing leads to ${to}: the router in the page is at ${url}`);
        return new original(to, protocols) as unknown as WebSocket;
      }
      super(host, ours, protocols);
    }
  }
  globalThis.WebSocket = WebSocket as unknown as typeof globalThis.WebSocket;
  return () => {
    if (globalThis.WebSocket === (WebSocket as unknown)) globalThis.WebSocket = original;
  };
}

/** The address as WebSocket understands it. */
function absolute(url: string | URL): string {
  return new URL(url, globalThis.location?.href).href.replace(/^http/, 'ws');
}
