/** How long a slot waits before it starts the next worker, process or thread, after one has crashed. */
export interface BackoffOptions {
  /** The wait after the second crash in a row; the first one costs nothing. @default 100 */
  readonly firstMs?: number;
  /** No wait is longer. @default 30_000 */
  readonly maxMs?: number;
  /** A worker that has lived this long ends a row of crashes. @default 10_000 */
  readonly stableMs?: number;
}

const FIRST_MS = 100;
/** Half a minute at most: a mended program must not wait for longer than an operator does. */
const MAX_MS = 30_000;
/** systemd's StartLimitIntervalSec: what dies within 10 s of its start counts as a failed start. */
const STABLE_MS = 10_000;

/** Counts crashes in a row and says how long to wait: 0, 100, 200, 400… milliseconds. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #stableMs: number;
  #crashes = 0;

  constructor({ firstMs = FIRST_MS, maxMs = MAX_MS, stableMs = STABLE_MS }: BackoffOptions = {}) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#stableMs = stableMs;
  }

  /** Crashes in a row, as seen when the present worker has been in service for this time. */
  crashes(servedMs: number): number {
    return servedMs >= this.#stableMs ? 0 : this.#crashes;
  }

  /** A worker has crashed after this time in service; returns the wait before the next, in milliseconds. */
  crashed(servedMs: number): number {
    this.#crashes = this.crashes(servedMs) + 1;
    if (this.#crashes === 1) return 0;
    return Math.min(this.#firstMs * 2 ** (this.#crashes - 2), this.#maxMs);
  }
}
