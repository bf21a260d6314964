/** What crosses the port, both ways: sockets one after another, by their number. Applications may send what they want beside. */
export type Note =
  /** A tab opens a socket, and holds this lock until it closes it. The worker answers with its own. Without a name there is none. */
  | { readonly socket: number; readonly open: string }
  /** A WAMP message in JSON. */
  | { readonly socket: number; readonly data: string }
  /** Asks for a sign of life, or is one. */
  | { readonly socket: number; readonly alive: true }
  /** Why the worker lets the tab wait. */
  | { readonly socket: number; readonly why: string }
  | { readonly socket: number; readonly close: string };

/** The ends of message channels, and workers themselves. */
export interface Port {
  postMessage(note: Note): void;
  addEventListener(type: 'message' | 'close', listener: (event: any) => void, options?: { signal: AbortSignal }): void;
  /** Ports deliver nothing before. */
  start?(): void;
  close?(): void;
}

export const PROTOCOL = 'wamp.2.json';
/** The realm that a tab asks for when it takes whatever the worker has. */
export const ANY_REALM = '*';
