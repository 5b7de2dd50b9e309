/** What has deadlines. */
export interface Swept {
  sweep(now: number): void;
}

/** So often at most and at least. */
const SLOWEST_MS = 25;
const QUICKEST_MS = 5;

/**
 * Looks at all requests under way every few milliseconds. A timer and an abort signal for each would cost more than
 * forwarding it; most are over before they are looked at for the first time.
 */
export class Sweeper {
  readonly #now: () => number;
  readonly #everyMs: number;
  readonly #items = new Set<Swept>();
  #timer: NodeJS.Timeout | undefined;

  /** @param shortestMs - the shortest time that is to be kept to; a fifth of it is how exact it is. */
  constructor(shortestMs: number, now: () => number) {
    this.#everyMs = Math.min(SLOWEST_MS, Math.max(QUICKEST_MS, shortestMs / 5));
    this.#now = now;
  }

  add(item: Swept): void {
    this.#items.add(item);
    if (this.#timer === undefined) this.#timer = setTimeout(this.#sweep, this.#everyMs).unref();
  }

  delete(item: Swept): void {
    this.#items.delete(item);
  }

  readonly #sweep = (): void => {
    const now = this.#now();
    for (const item of this.#items) item.sweep(now);
    this.#timer = this.#items.size === 0 ? undefined : setTimeout(this.#sweep, this.#everyMs).unref();
  };
}
