/** How long a thread that died waits for its replacement. */
export interface BackoffOptions {
  /** The wait after the second death in a row; the first one costs nothing. @default 100 */
  readonly firstMs?: number;
  /** No wait is longer. @default 30_000 */
  readonly maxMs?: number;
  /** A thread that has served this long ends a row of deaths. @default 10_000 */
  readonly stableMs?: number;
}

const FIRST_MS = 100;
/** Half a minute at most: a mended application must not wait for longer than an operator does. */
const MAX_MS = 30_000;
/** systemd's StartLimitIntervalSec: what dies within 10 s of its start counts as a failed start. */
const STABLE_MS = 10_000;

/** Counts deaths in a row and says how long to wait: 0, 100, 200, 400… milliseconds. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #stableMs: number;
  #deaths = 0;

  constructor({ firstMs = FIRST_MS, maxMs = MAX_MS, stableMs = STABLE_MS }: BackoffOptions = {}) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#stableMs = stableMs;
  }

  /** A thread has died after so long in service. @returns the wait before the next, in milliseconds. */
  died(servedMs: number): number {
    this.#deaths = servedMs >= this.#stableMs ? 1 : this.#deaths + 1;
    if (this.#deaths === 1) return 0;
    return Math.min(this.#firstMs * 2 ** (this.#deaths - 2), this.#maxMs);
  }
}
