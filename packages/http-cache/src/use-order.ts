/** What stands in an order. */
export interface Ordered {
  older: Ordered | undefined;
  newer: Ordered | undefined;
  readonly bytes: number;
}

/**
 * Items in the order of their use: a list linked both ways, since to bring one to the end of a Map costs ten times as
 * much, and every hit does so.
 */
export class UseOrder<Item extends Ordered> {
  #oldest: Item | undefined;
  #newest: Item | undefined;
  bytes = 0;
  size = 0;

  get oldest(): Item | undefined {
    return this.#oldest;
  }

  /** It has been used last. */
  append(item: Item): void {
    item.older = this.#newest;
    item.newer = undefined;
    if (this.#newest === undefined) this.#oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
    this.bytes += item.bytes;
    this.size++;
  }

  remove(item: Item): void {
    const { older, newer } = item as { older: Item | undefined; newer: Item | undefined };
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    this.bytes -= item.bytes;
    this.size--;
  }

  /** It is used once more. */
  renew(item: Item): void {
    if (item === this.#newest) return;
    this.remove(item);
    this.append(item);
  }
}
