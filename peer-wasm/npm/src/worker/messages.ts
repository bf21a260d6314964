/** What crosses the port, both ways: sockets one after another, by their number. */
export type Note =
  /** A tab opens a socket, and holds the lock for as long as it lives. */
  | { readonly socket: number; readonly open: string }
  /** A WAMP message in JSON. */
  | { readonly socket: number; readonly data: string }
  | { readonly socket: number; readonly close: string };

/** The ends of message channels, and workers themselves. */
export interface Port {
  postMessage(note: Note): void;
  addEventListener(type: 'message', listener: (event: any) => void): void;
  removeEventListener(type: 'message', listener: (event: any) => void): void;
  /** Ports deliver nothing before. */
  start?(): void;
}

export const PROTOCOL = 'wamp.2.json';
/** The realm that a tab asks for when it takes whatever the worker has. */
export const ANY_REALM = '*';
