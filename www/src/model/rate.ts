/** Counts per second over a sliding window, in constant memory however fast the stream is. */
export class Rate {
  readonly #buckets: number[];
  readonly #bucketMs: number;
  #newest = 0;

  /** @param windowMs how far back the rate looks, in milliseconds */
  constructor(windowMs = 3000, buckets = 12) {
    this.#buckets = new Array<number>(buckets).fill(0);
    this.#bucketMs = windowMs / buckets;
  }

  /** @param now milliseconds from any fixed moment, never running backwards */
  add(now: number, count = 1): void {
    this.#advance(now);
    const slot = this.#newest % this.#buckets.length;
    this.#buckets[slot] = (this.#buckets[slot] ?? 0) + count;
  }

  perSecond(now: number): number {
    this.#advance(now);
    const count = this.#buckets.reduce((sum, n) => sum + n, 0);
    return (count * 1000) / (this.#bucketMs * this.#buckets.length);
  }

  #advance(now: number): void {
    const current = Math.floor(now / this.#bucketMs);
    const stale = Math.min(current - this.#newest, this.#buckets.length);
    for (let step = 0; step < stale; step += 1) this.#buckets[(current - step) % this.#buckets.length] = 0;
    this.#newest = Math.max(this.#newest, current);
  }
}
