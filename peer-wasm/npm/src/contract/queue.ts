/** Sends what has been checked, in the order in which it was asked for. */
export class SendQueue {
  /** The last that waits for its check, or for the one before. */
  #last: Promise<unknown> | undefined;

  /** Sends when `checked` has come true: at once, unless that or an earlier one takes its time. */
  send<T>(checked: unknown, send: () => T): T | Promise<T> {
    const before = this.#last;
    if (!before && !(checked instanceof Promise)) return send();
    // In an object, because nobody who comes later waits for the answer.
    const sent = Promise.all([checked, before]).then(() => ({ answer: send() }));
    const last = Promise.allSettled([sent, before]).then(() => {
      if (this.#last === last) this.#last = undefined;
    });
    this.#last = last;
    return sent.then(({ answer }) => answer);
  }
}
