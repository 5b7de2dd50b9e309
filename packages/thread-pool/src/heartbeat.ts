/**
 * Tells an event loop that is blocked from one that waits: a thread with requests that has said nothing since the
 * last look is asked for a sign of life, and one that waits gives it at once.
 */
export class Heartbeat {
  readonly #timeoutMs: number;
  readonly #ping: () => void;
  #heard = false;
  #heardAt = 0;
  #asked = false;

  constructor(timeoutMs: number, ping: () => void) {
    this.#timeoutMs = timeoutMs;
    this.#ping = ping;
  }

  /** Something has come from the thread. Called for each message: it must cost nothing. */
  hear(): void {
    this.#heard = true;
  }

  /** Begins to watch, or forgives: the silence counts from now on. */
  reset(now: number): void {
    this.#heard = false;
    this.#asked = false;
    this.#heardAt = now;
  }

  /** Looks at it; called at intervals. @returns whether the thread has been silent for too long. */
  isSilent(now: number): boolean {
    if (this.#heard) this.reset(now);
    if (!this.#asked) {
      this.#asked = true;
      this.#ping();
      return false;
    }
    return now - this.#heardAt > this.#timeoutMs;
  }
}

/** How often to look: blocked threads are found within a quarter of their time, or a second. */
const MAX_PERIOD_MS = 1000;
const MIN_PERIOD_MS = 10;

export function sweepPeriod(timeoutMs: number): number {
  return Math.max(MIN_PERIOD_MS, Math.min(MAX_PERIOD_MS, timeoutMs / 4));
}
