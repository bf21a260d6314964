import type { Client } from 'wamplex';
import { Silence, hold, isHeld, whenFree } from './life.js';
import type { Port } from './messages.js';
import { Relay } from './relay.js';

/** The lock of this worker, from the first tab on. */
let life: Promise<string> | undefined;
let letGo = () => {};

/** One socket of a tab. */
interface Guest {
  readonly relay: Relay;
  /** Of a tab that has to be asked whether it is there. */
  silence?: Silence;
}

/** Serves the sockets that come through one port. */
export function listen(port: Port, client: Client, relays: Set<Relay>): void {
  const guests = new Map<number, Guest>();
  port.addEventListener('message', ({ data: note }) => {
    const { socket, open, data, close } = note ?? {};
    // What else comes is the application's.
    if (typeof socket !== 'number') return;
    if (open !== undefined) return accept(socket, open);
    const { relay, silence } = guests.get(socket) ?? {};
    silence?.break();
    if (close !== undefined) relay?.end('');
    else if (data) relay?.receive(data);
  });
  port.addEventListener('close', () => {
    for (const { relay } of [...guests.values()]) relay.end('');
  });
  port.start?.();

  /** A tab opens a socket, and holds this lock. */
  function accept(socket: number, lock: string): void {
    const gone = new AbortController();
    const relay = new Relay(
      client,
      (what) => port.postMessage({ socket, ...what }),
      (reason) => {
        guests.delete(socket);
        relays.delete(relay);
        gone.abort();
        guest.silence?.stop();
        port.postMessage({ socket, close: reason });
      },
    );
    const guest: Guest = { relay };
    guests.set(socket, guest);
    relays.add(relay);
    void own(lock).then((name) => {
      if (gone.signal.aborted) return;
      if (name) whenFree(lock, gone.signal, () => relay.end(''));
      else guest.silence = new Silence(() => port.postMessage({ socket, alive: true }), () => relay.end('the tab has not answered'));
      port.postMessage({ socket, open: name });
    });
  }
}

/** Nobody is served any more: Deno does not end while a lock is held. */
export function release(): void {
  letGo();
  life = undefined;
}

/** Our lock, if the tab's is one that we can wait for: then it can wait for ours, too. */
async function own(lock: string): Promise<string> {
  if (!lock) return '';
  const name = await (life ??= hold(new Promise((resolve) => (letGo = resolve))));
  return name && (await isHeld(lock)) ? name : '';
}
