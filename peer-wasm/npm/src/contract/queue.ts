/** Does what waits for a check, in the order in which it was asked for. */
export class Queue {
  /** The last that waits for its check, or for the one before. */
  #last: Promise<unknown> | undefined;

  /** Does it when `checked` has come true: at once, unless that or an earlier one takes its time. */
  after<C, T>(checked: C | Promise<C>, go: (checked: C) => T): T | Promise<T> {
    const before = this.#last;
    if (!before && !(checked instanceof Promise)) return go(checked);
    // In an object, because nobody who comes later waits for the answer.
    const done = Promise.all([checked, before]).then(([value]) => ({ answer: go(value as C) }));
    const last = Promise.allSettled([done, before]).then(() => {
      if (this.#last === last) this.#last = undefined;
    });
    this.#last = last;
    return done.then(({ answer }) => answer);
  }
}
