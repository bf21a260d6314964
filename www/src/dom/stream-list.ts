import { BoundedLog } from '../model/bounded-log.ts';

export interface StreamListOptions<T> {
  /** How many items are kept and shown, at most. */
  readonly limit: number;
  readonly row: (item: T) => HTMLLIElement;
  /** Which items are shown. All, if absent. */
  readonly shows?: (item: T) => boolean;
  /** Called after each drawing, for counts. */
  readonly drawn?: (log: BoundedLog<T>) => void;
}

/** Least time between two drawings, in milliseconds: short to the eye, and enough to keep the page at work in a flood. */
const PAUSE_MS = 120;

/** A list on the page that shows a stream newest first. It draws a few times a second at most, however fast the stream is. */
export class StreamList<T> {
  readonly log: BoundedLog<T>;
  readonly #list: HTMLOListElement;
  readonly #options: StreamListOptions<T>;
  readonly #entries = new WeakMap<Element, { readonly item: T; readonly number: number }>();
  readonly #rows = new Map<T, HTMLLIElement>();
  /** Numbers below this are on the page already. */
  #drawn = 0;
  /** Numbers from here on are recorded, but not for showing yet. */
  #ceiling = 0;
  #frozen = false;
  #scheduled = false;
  /** When it was last drawn, by `performance.now()`. */
  #last = -PAUSE_MS;

  constructor(list: HTMLOListElement, options: StreamListOptions<T>) {
    this.#list = list;
    this.#options = options;
    this.log = new BoundedLog(options.limit);
  }

  push(item: T): void {
    this.log.push(item);
    this.#schedule();
  }

  /** Draws one item anew, after it changed. */
  refresh(item: T): void {
    const old = this.#rows.get(item);
    const entry = old && this.#entries.get(old);
    if (entry) old.replaceWith(this.#row(item, entry.number));
  }

  /** Draws everything anew, after a filter or the way of drawing changed. */
  redraw(): void {
    this.#list.replaceChildren();
    this.#rows.clear();
    this.#drawn = 0;
    this.#schedule();
  }

  clear(): void {
    this.log.clear();
    this.#ceiling = 0;
    this.redraw();
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  /** While frozen the list stands still and the stream is recorded unseen. */
  set frozen(frozen: boolean) {
    this.#frozen = frozen;
    this.#ceiling = this.log.total;
    this.#schedule();
  }

  /** How many items were recorded since the list was frozen. */
  get unseen(): number {
    return this.#frozen ? this.log.total - this.#ceiling : 0;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const wait = this.#last + PAUSE_MS - performance.now();
    if (wait <= 0) requestAnimationFrame(() => this.#draw());
    else setTimeout(() => requestAnimationFrame(() => this.#draw()), wait);
  }

  #draw(): void {
    this.#scheduled = false;
    this.#last = performance.now();
    if (!this.#frozen) this.#ceiling = this.log.total;
    const fresh: HTMLLIElement[] = [];
    for (let number = this.#ceiling - 1; number >= Math.max(this.#drawn, this.log.cut); number -= 1) {
      const item = this.log.at(number);
      if (item !== undefined && (this.#options.shows?.(item) ?? true)) fresh.push(this.#row(item, number));
    }
    this.#drawn = this.#ceiling;
    this.#list.prepend(...fresh);
    if (!this.#frozen) this.#trim();
    this.#options.drawn?.(this.log);
  }

  #trim(): void {
    for (let last = this.#list.lastElementChild; last !== null; last = this.#list.lastElementChild) {
      const entry = this.#entries.get(last);
      if (entry === undefined || entry.number >= this.log.cut) return;
      this.#rows.delete(entry.item);
      last.remove();
    }
  }

  #row(item: T, number: number): HTMLLIElement {
    const row = this.#options.row(item);
    this.#entries.set(row, { item, number });
    this.#rows.set(item, row);
    return row;
  }
}
