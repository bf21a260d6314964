import type { Host } from './host.js';
import { PageSocket } from './socket.js';

/** What is installed, the last one first. */
const routes: { readonly url: string; readonly host: Host }[] = [];
let ours: typeof globalThis.WebSocket | undefined;
/** What was there before the first. */
let original: typeof globalThis.WebSocket | undefined;

/** Lets `new WebSocket(url)` lead to the host, and leaves all other addresses to the class that was there before. */
export function installed(host: Host, url: string): () => void {
  const route = { url: absolute(url), host };
  routes.unshift(route);
  if (!ours || globalThis.WebSocket !== ours) {
    original = globalThis.WebSocket;
    globalThis.WebSocket = ours = leading(original);
  }
  return () => {
    const at = routes.indexOf(route);
    if (at >= 0) routes.splice(at, 1);
    if (routes.length === 0 && globalThis.WebSocket === ours) globalThis.WebSocket = original!;
  };
}

/** A class whose sockets lead to where something is installed. */
function leading(otherwise: typeof globalThis.WebSocket | undefined): typeof globalThis.WebSocket {
  class WebSocket extends PageSocket {
    constructor(to: string | URL, protocols?: string | string[]) {
      const url = absolute(to);
      const route = routes.find((one) => one.url === url);
      if (!route) {
        if (!otherwise) throw new TypeError(`nothing leads to ${to}: ${routes.map((one) => one.url).join(', ') || 'nothing'} is installed`);
        return new otherwise(to, protocols) as unknown as WebSocket;
      }
      super(route.host, url, protocols);
    }
  }
  return WebSocket as unknown as typeof globalThis.WebSocket;
}

/** The address as WebSocket understands it. */
function absolute(url: string | URL): string {
  return new URL(url, globalThis.location?.href).href.replace(/^http/, 'ws');
}
