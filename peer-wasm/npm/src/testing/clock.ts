/** Time as the router sees it: in milliseconds since it was made. Never goes back. */
export class Clock {
  readonly #start = performance.now();
  #ahead = 0;
  #last = 0;

  now(): number {
    return this.reach(performance.now() - this.#start + this.#ahead);
  }

  /** A timer for this time has fired, whatever other clocks say. */
  reach(time: number): number {
    return (this.#last = Math.max(this.#last, time));
  }

  /** Lets time pass that nobody waits for. */
  advance(ms: number): void {
    this.#ahead += ms;
  }
}

/** Runs something in a task of its own, also while a test has replaced the timers: they are taken when this is loaded. */
export const nextTask: (run: () => void) => void = (() => {
  const { setImmediate, setTimeout } = globalThis as { setImmediate?: (run: () => void) => void; setTimeout: typeof globalThis.setTimeout };
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
