import { limited } from './abort.js';

/** Rings in a thread of its own, where no browser slows timers down because the page is in the background. */
let worker: Worker | null | undefined;
let last = 0;
const ringing = new Map<number, () => void>();

/** Calls `ring` once after some milliseconds, on time in background pages, too. The returned function takes that back. */
export function alarm(milliseconds: number, ring: () => void): () => void {
  const id = ++last;
  const done = () => {
    clearTimeout(timer);
    ringing.delete(id);
  };
  const once = () => {
    done();
    ring();
  };
  // Longer ones overflow in every runtime and would ring at once.
  const delay = Math.min(milliseconds, 2 ** 31 - 1);
  const timer = setTimeout(once, delay);
  if (globalThis.document?.hidden && (worker ??= makeWorker())) {
    ringing.set(id, once);
    worker.postMessage([id, delay]);
  }
  return done;
}

/** Waits that long, or until somebody is in a `hurry`; rejects when the signal is aborted. Leaves no timer behind. */
export function pause(milliseconds: number, signal: AbortSignal | undefined, hurry?: (resolve: () => void) => void): Promise<void> {
  let cancel!: () => void;
  const over = new Promise<void>((resolve) => {
    hurry?.(resolve);
    cancel = alarm(milliseconds, resolve);
  });
  return limited(over, signal, 0).finally(cancel);
}

/** Lets the event loop turn. */
export const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** `null` where the page forbids it: then the timers of the page have to do. */
function makeWorker(): Worker | null {
  try {
    const code = 'onmessage=({data:[id,ms]})=>setTimeout(()=>postMessage(id),ms)';
    const made = new Worker(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
    made.onmessage = ({ data }) => ringing.get(data)?.();
    return made;
  } catch {
    return null;
  }
}
