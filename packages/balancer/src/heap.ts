/** A binary heap of small numbers that knows where each stands, so that any can be moved or taken out in O(log n). */
export class IndexedHeap {
  readonly #before: (a: number, b: number) => boolean;
  readonly #items: number[] = [];
  readonly #places: number[] = [];

  /** @param before - whether `a` comes out ahead of `b`. */
  constructor(before: (a: number, b: number) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  /** The first, which stays where it is. */
  peek(): number | undefined {
    return this.#items[0];
  }

  has(item: number): boolean {
    return (this.#places[item] ?? -1) >= 0;
  }

  /** Puts an item in, or moves one whose order has changed. */
  set(item: number): void {
    while (this.#places.length <= item) this.#places.push(-1);
    if (!this.has(item)) {
      this.#places[item] = this.#items.length;
      this.#items.push(item);
    }
    this.#down(this.#up(this.#places[item] as number));
  }

  delete(item: number): void {
    if (!this.has(item)) return;
    const place = this.#places[item] as number;
    const last = this.#items.pop() as number;
    this.#places[item] = -1;
    if (last === item) return;
    this.#put(last, place);
    this.#down(this.#up(place));
  }

  #up(start: number): number {
    let place = start;
    const item = this.#items[place] as number;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = this.#items[parent] as number;
      if (!this.#before(item, above)) break;
      this.#put(above, place);
      place = parent;
    }
    this.#put(item, place);
    return place;
  }

  #down(start: number): void {
    const items = this.#items;
    let place = start;
    const item = items[place] as number;
    for (let child = 2 * place + 1; child < items.length; child = 2 * place + 1) {
      if (child + 1 < items.length && this.#before(items[child + 1] as number, items[child] as number))
        child++;
      const below = items[child] as number;
      if (!this.#before(below, item)) break;
      this.#put(below, place);
      place = child;
    }
    this.#put(item, place);
  }

  #put(item: number, place: number): void {
    this.#items[place] = item;
    this.#places[item] = place;
  }
}
