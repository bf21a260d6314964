/*
 * How each side learns that the other is dead. No event tells it in every browser: a SharedWorker that crashes, is killed to
 * save memory, or ends itself takes its tabs' messages without a word, and so does a closed tab.
 *
 * Each side holds a Web Lock with a random name for as long as it lives, and waits for that of the other: the browser gives it
 * when the holder is gone, whatever it has died of, at once, and however slow the timers of a page in the background are. It is
 * the only sign that is never wrong and known to Chromium, Firefox and WebKit. It takes a secure page that may store something,
 * and both sides in one origin.
 *
 * Where one of that is missing, the worker asks each tab for a sign of life from time to time, and both take silence for death.
 * That takes up to half a minute. Asked is in this direction since tabs answer messages also where their timers are slowed
 * down. A tab that is frozen does not: it is given up, is told so when it wakes, and connects anew.
 *
 * Beside that, ports have an event `close` in Chromium and Node, which is at once, too.
 */

/** How often the worker asks, in milliseconds. */
const ROUND = 10_000;
/** After so many rounds of silence: one may pass while either side sleeps, as its timers ring first when it wakes. */
const PATIENCE = 2;

/** Holds a lock until `until`. Resolves to its name when it is held, or to nothing where there are none. */
export async function hold(until: Promise<void>): Promise<string> {
  try {
    const name = `wamplex ${crypto.randomUUID()}`;
    await new Promise<void>((held, refused) => {
      navigator.locks.request(name, () => (held(), until)).catch(refused);
    });
    return name;
  } catch {
    return '';
  }
}

/** Whether anybody holds the lock: nobody does in the eyes of another origin. */
export const isHeld = (name: string): Promise<boolean> => navigator.locks.request(name, { ifAvailable: true, mode: 'shared' }, (lock) => !lock);

/** Calls `free` when nobody holds the lock any more. Shared, lest one who waits and is frozen keeps it from the others. */
export function whenFree(name: string, signal: AbortSignal, free: () => void): void {
  navigator.locks.request(name, { mode: 'shared', signal }, free).catch(() => {});
}

/** Rounds of silence. */
export class Silence {
  #rounds = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  /** Calls `ask` after each but the last, and `dead` after that. */
  constructor(ask: () => void, dead: () => void) {
    this.#timer = setInterval(() => (++this.#rounds > PATIENCE ? dead() : ask()), ROUND);
  }

  break(): void {
    this.#rounds = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
