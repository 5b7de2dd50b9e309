/** That the limit of memory is below what a worker needs. */
export interface LowMemoryLimit {
  readonly memoryBytes: number;
  readonly limitBytes: number;
  /** A limit that leaves room. */
  readonly betterBytes: number;
  /** So long no such worker is replaced again. */
  readonly pauseMs: number;
}

/** A worker that is too large so soon has not grown: this is its size. */
const YOUNG_MS = 30_000;
/** Replacing it would bring another such; each time it is left alone for longer. */
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;
/** What a worker may need under load beside what it needs at its start. */
const ROOM = 1.5;
const STEP_BYTES = 16 * 1024 * 1024;

/** What is known of a worker that is too large. */
interface Large {
  readonly servedMs: number;
  readonly memoryBytes: number;
}

/** Tells workers that have grown too large from those that are so from the start: a limit too low. */
export class MemoryLimit<Worker extends object> {
  readonly #limitBytes: number;
  readonly #bornLarge = new WeakSet<Worker>();
  #pauseMs = FIRST_PAUSE_MS;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /**
   * What becomes of a worker beyond the limit: it is replaced, it is left alone for now, or it is replaced and the
   * limit was found to be too low.
   */
  judge(worker: Worker, { servedMs, memoryBytes }: Large, now: number): 'replace' | 'leave' | LowMemoryLimit {
    if (servedMs < YOUNG_MS) this.#bornLarge.add(worker);
    if (!this.#bornLarge.has(worker)) return 'replace';
    if (now < this.#pausedUntil) return 'leave';
    const pauseMs = this.#pauseMs;
    this.#pausedUntil = now + pauseMs;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    const betterBytes = Math.ceil((memoryBytes * ROOM) / STEP_BYTES) * STEP_BYTES;
    return { memoryBytes, limitBytes: this.#limitBytes, betterBytes, pauseMs };
  }
}
