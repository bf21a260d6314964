/** The most recent items of an endless stream: holds at most `limit` and counts what it had to let go. */
export class BoundedLog<T> {
  readonly limit: number;
  #ring: T[] = [];
  #total = 0;

  /** @param limit how many items are kept, at least 1 */
  constructor(limit: number) {
    this.limit = Math.max(1, Math.floor(limit));
  }

  /** How many items are held. */
  get length(): number {
    return this.#ring.length;
  }

  /** How many items came since the last `clear`. The next item gets this number. */
  get total(): number {
    return this.#total;
  }

  /** How many items were let go since the last `clear`. Equals the number of the oldest item held. */
  get cut(): number {
    return this.#total - this.#ring.length;
  }

  push(item: T): void {
    this.#ring[this.#total % this.limit] = item;
    this.#total += 1;
  }

  /** Item number `index`, counted from 0 since the last `clear`; undefined when it was let go or has not come. */
  at(index: number): T | undefined {
    return index >= this.cut && index < this.#total ? this.#ring[index % this.limit] : undefined;
  }

  clear(): void {
    this.#ring = [];
    this.#total = 0;
  }
}
