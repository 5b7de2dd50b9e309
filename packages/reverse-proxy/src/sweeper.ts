/** What has deadlines. */
export interface Swept {
  /** Its place among those that are watched: the sweeper's own, -1 elsewhere. */
  sweepIndex: number;
  sweep(now: number): void;
}

/** So often at most and at least. */
const SLOWEST_MS = 25;
const QUICKEST_MS = 5;

/**
 * Looks at all requests under way every few milliseconds. A timer and an abort signal for each would cost more than
 * forwarding it; most are over before they are looked at for the first time.
 *
 * They stand in an array, and each knows its place. A Set makes itself a new table every few dozen requests; V8 links
 * the old one to the new, so that one table that grew old keeps all later ones, and all requests that stood in them,
 * through each scavenge: measured at a third of a request's time.
 */
export class Sweeper {
  readonly #now: () => number;
  readonly #everyMs: number;
  readonly #items: Swept[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param shortestMs - the shortest time that is to be kept to; a fifth of it is how exact it is. */
  constructor(shortestMs: number, now: () => number) {
    this.#everyMs = Math.min(SLOWEST_MS, Math.max(QUICKEST_MS, shortestMs / 5));
    this.#now = now;
  }

  add(item: Swept): void {
    item.sweepIndex = this.#items.length;
    this.#items.push(item);
    if (this.#timer === undefined) this.#timer = setTimeout(this.#sweep, this.#everyMs).unref();
  }

  delete(item: Swept): void {
    const index = item.sweepIndex;
    if (index === -1) return;
    item.sweepIndex = -1;
    const last = this.#items.pop() as Swept;
    if (last === item) return;
    this.#items[index] = last;
    last.sweepIndex = index;
  }

  readonly #sweep = (): void => {
    const now = this.#now();
    // From the end: one that is deleted is replaced by one that was looked at, if need be twice.
    for (let i = this.#items.length - 1; i >= 0; i--) this.#items[i]?.sweep(now);
    this.#timer = this.#items.length === 0 ? undefined : setTimeout(this.#sweep, this.#everyMs).unref();
  };
}
