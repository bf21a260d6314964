/** Time as the router sees it, in whole milliseconds since it was made: it never goes back, whatever a test does. */
export class Clock {
  #time = 0;
  #seen = performance.now();

  now(): number {
    const now = performance.now();
    if (now > this.#seen) this.#time += now - this.#seen;
    this.#seen = now;
    return Math.floor(this.#time);
  }

  /** A timer for this time has fired. */
  reach(time: number): void {
    this.#time = Math.max(this.#time, time);
  }

  /** Lets time pass that nobody waits for. */
  advance(ms: number): void {
    this.#time += ms;
  }
}

/** Runs something in a task of its own, also while a test has replaced the timers: they are taken at the beginning. */
export const nextTask: (run: () => void) => void = (() => {
  const { setImmediate, setTimeout } = globalThis as typeof globalThis & { setImmediate?: (run: () => void) => void };
  if (setImmediate) return (run) => setImmediate(run);
  if (typeof MessageChannel !== 'function') return (run) => setTimeout(run, 0);
  const waiting: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => waiting.shift()!();
  return (run) => {
    waiting.push(run);
    port2.postMessage(0);
  };
})();
