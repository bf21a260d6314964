/** A queue whose ends are cheap, unlike `Array.shift` on long arrays. */
export class Deque<T> {
  #incoming: T[] = [];
  /** What came first, the first of it last. */
  #outgoing: T[] = [];

  get length(): number {
    return this.#incoming.length + this.#outgoing.length;
  }

  push(item: T): void {
    this.#incoming.push(item);
  }

  shift(): T | undefined {
    if (this.#outgoing.length === 0) [this.#incoming, this.#outgoing] = [this.#outgoing, this.#incoming.reverse()];
    return this.#outgoing.pop();
  }

  clear(): void {
    this.#incoming = [];
    this.#outgoing = [];
  }
}
