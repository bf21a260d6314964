import initialize, { Page as CompiledPage } from 'wamplex:testing/glue';
import load from 'wamplex:testing/wasm';

/** The compiled router: `Page` in `peer-wasm/testing/src/page.rs`. Times are whole milliseconds since it was made. */
export interface Page {
  free(): void;
  /** Throws what is wrong with the settings, a JSON object. */
  addRealm(settings: string): void;
  /** The number of a new socket: 0 if the subprotocol is not known. */
  open(subprotocol: string, inside: boolean): number;
  receiveText(socket: number, text: string, now: number): void;
  receiveBinary(socket: number, bytes: Uint8Array, now: number): void;
  lost(socket: number, now: number): void;
  /** A socket, and the message for it or the code that it is closed with. */
  poll(): [socket: number, what: string | Uint8Array | number] | undefined;
  pollTimeout(): number | undefined;
  handleTimeout(now: number): void;
  shutDown(now: number): void;
  /** A list in JSON. */
  sessions(): string;
}

let loading: Promise<unknown> | undefined;

/** The code is compiled when the first router is made. */
export async function newPage(seed: number): Promise<Page> {
  loading ??= Promise.resolve(load()).then((module) => initialize({ module_or_path: module }));
  await loading;
  return new CompiledPage(seed, Date.now());
}
