/** What a worker may grant by itself for one set of keys. */
interface Lease {
  /** Requests that are accounted already, and not made yet. */
  left: number;
  /** Requests since it was granted. */
  used: number;
  until: number;
  /** Whether the next one is being asked for. */
  asked: boolean;
}

/** Sets of keys that are remembered; of more, the oldest is forgotten, with what was left of it. */
const MAX_LEASES = 10_000;

/**
 * Requests that the keeper has accounted in advance. It wishes for as many as were used in the time before: a key
 * that is seldom asked for gets no lease.
 */
export class LeaseBook {
  readonly #size: number;
  readonly #durationMs: number;
  readonly #leases = new Map<string, Lease>();

  /**
   * @param size - requests of a lease at most; 0 for none.
   * @param durationMs - what is left after so long is forfeited.
   */
  constructor(size: number, durationMs: number) {
    this.#size = size;
    this.#durationMs = durationMs;
  }

  /** @returns -1 when a request may pass by a lease; else for how many more to ask, to be settled by `settle`. */
  take(keys: string, now: number): number {
    const lease = this.#leases.get(keys);
    if (lease === undefined || now >= lease.until + this.#durationMs) return 0;
    lease.used++;
    if (lease.left > 0 && now < lease.until) {
      lease.left--;
      return -1;
    }
    // One asks for all: what is held at a time is never more than one lease.
    if (lease.asked) return 0;
    lease.asked = true;
    return Math.min(this.#size, 2 * lease.used);
  }

  /** What came of a request to the keeper that wished for so many; a failed one got nothing. */
  settle(keys: string, wanted: number, extra: number, now: number): void {
    if (this.#size === 0) return;
    const lease = this.#leases.get(keys);
    if (lease === undefined || now >= lease.until + this.#durationMs) {
      this.#begin(keys, extra, now);
    } else if (wanted > 0) {
      lease.asked = false;
      lease.left = extra;
      lease.used = 0;
      lease.until = now + this.#durationMs;
    }
  }

  #begin(keys: string, left: number, now: number): void {
    this.#leases.delete(keys);
    if (this.#leases.size >= MAX_LEASES) this.#leases.delete(this.#leases.keys().next().value as string);
    this.#leases.set(keys, { left, used: 1, until: now + this.#durationMs, asked: false });
  }

  /** Another keeper knows nothing of them. */
  clear(): void {
    this.#leases.clear();
  }
}
