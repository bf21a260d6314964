import type { WebSocketLike } from '../index.js';
import { unsupported } from './errors.js';

/** What Node says of a failure; browsers say nothing. */
const failures = new WeakMap<object, string>();

/** Why a socket has failed, as far as it has said. */
export const failureOf = (socket: object) => failures.get(socket) ?? '';

type Factory = (url: string, protocols: string[]) => WebSocketLike | Promise<WebSocketLike>;

/** Opens a WebSocket with the given factory, the global class, or on older Node the package `ws`. */
export async function openSocket(url: string, protocols: string[], factory: Factory | undefined): Promise<WebSocketLike> {
  const socket = factory
    ? await factory(url, protocols)
    : new ((globalThis.WebSocket as any) ?? (await fromPackage('ws')))(url, protocols);
  // Node's `ws` throws failures that nobody listens to. After some, as of a port that it does not allow, WebKit has no
  // event `close`; the global class of Node 22 has none when it cannot connect, and goes on connecting. Where there is
  // one, the core has gone when the timer comes.
  socket.onerror = (event?: { message?: string }) => {
    if (event?.message) failures.set(socket, event.message);
    setTimeout(() => {
      if (socket.readyState % 3 === 0) socket.onclose?.({ code: 1006, reason: '' });
    });
  };
  return socket;
}

/** The name is a parameter, lest bundlers for browsers see it and put the package into the page. */
async function fromPackage(name: string): Promise<any> {
  try {
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ /* turbopackIgnore: true */ name)).WebSocket;
  } catch (cause) {
    throw unsupported("this runtime has no WebSocket: install the package 'ws', or pass the option 'webSocket'", { cause });
  }
}
