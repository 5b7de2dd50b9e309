import type { SetTimer } from '../src/timers.ts';

/** Time that passes when it is told to, with its timers. */
export class Clock {
  now = 0;
  readonly #timers = new Set<{ at: number; callback: () => void }>();

  get timers(): number {
    return this.#timers.size;
  }

  readonly setTimer: SetTimer = (callback, ms) => {
    const timer = { at: this.now + ms, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  /** Lets time pass, timer by timer, and what each one sets going get as far as it can without waiting. */
  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.now = Math.max(this.now, next.at);
      this.#timers.delete(next);
      next.callback();
      await settled();
    }
    this.now = end;
  }
}

/** All that was waiting for nothing but its turn is done. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
