// The timers of node:test that tests wind by hand.

export class MockTimers {
  #real;
  #now = 0;
  #last = 0;
  #due = new Map();

  enable({ apis = ['setTimeout', 'setInterval', 'Date'], now = 0 } = {}) {
    const { setTimeout, clearTimeout, setInterval, clearInterval, Date } = globalThis;
    this.#real = { setTimeout, clearTimeout, setInterval, clearInterval, Date };
    this.#now = Number(now);
    if (apis.includes('setTimeout')) this.#replace('setTimeout', 'clearTimeout', false);
    if (apis.includes('setInterval')) this.#replace('setInterval', 'clearInterval', true);
    if (apis.includes('Date')) globalThis.Date = this.#date(Date);
  }

  /** Lets so many milliseconds pass. */
  tick(ms = 1) {
    const until = this.#now + ms;
    for (;;) {
      const [id, next] = [...this.#due].reduce((first, one) => (!first[1] || one[1].at < first[1].at ? one : first), []);
      if (!next || next.at > until) break;
      this.#now = next.at;
      if (next.every === undefined) this.#due.delete(id);
      else next.at += Math.max(1, next.every);
      next.run(...next.args);
    }
    this.#now = until;
  }

  reset() {
    if (this.#real) Object.assign(globalThis, this.#real);
    this.#real = undefined;
    this.#due.clear();
  }

  #replace(set, clear, repeats) {
    const real = this.#real[clear];
    globalThis[set] = (run, ms = 0, ...args) => {
      const id = -++this.#last;
      this.#due.set(id, { at: this.#now + Number(ms), every: repeats ? Number(ms) : undefined, run, args });
      return id;
    };
    globalThis[clear] = (id) => void (this.#due.delete(id) || real.call(globalThis, id));
  }

  #date(Real) {
    const now = () => this.#now;
    return class extends Real {
      constructor(...given) {
        super(...(given.length > 0 ? given : [now()]));
      }

      static now() {
        return now();
      }
    };
  }
}
