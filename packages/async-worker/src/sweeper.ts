import type { Clock } from './clock.ts';
import type { ResolvedOptions } from './options.ts';

/** What wants to be looked at. */
export interface Sweepable {
  sweep(now: number, elapsedMs: number): void;
}

/** Deadlines are kept to within about a second, or a quarter of the shortest of them. */
const MAX_PERIOD_MS = 1000;
const MIN_PERIOD_MS = 20;
/** While draining: somebody waits for it. */
export const DRAIN_PERIOD_MS = 100;

/** Looks at all connections at intervals: one timer a worker instead of some for each request. */
export class Sweeper {
  readonly #clock: Clock;
  readonly #sweepables: Iterable<Sweepable>;
  readonly #onSwept: () => void;
  #sweptAt: number;
  #stop: (() => void) | undefined;

  constructor(clock: Clock, sweepables: Iterable<Sweepable>, onSwept: () => void) {
    this.#clock = clock;
    this.#sweepables = sweepables;
    this.#onSwept = onSwept;
    this.#sweptAt = clock.now();
  }

  /** Starts, or goes on at another pace. */
  start(periodMs: number): void {
    this.#stop?.();
    this.#stop = this.#clock.every(periodMs, () => this.#sweep());
  }

  stop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #sweep(): void {
    const now = this.#clock.now();
    const elapsedMs = now - this.#sweptAt;
    this.#sweptAt = now;
    for (const sweepable of this.#sweepables) sweepable.sweep(now, elapsedMs);
    this.#onSwept();
  }
}

/** How often to look for these deadlines. */
export function sweepPeriod(options: ResolvedOptions): number {
  const { keepAliveTimeoutMs, headTimeoutMs, bodyGraceMs, writeTimeoutMs, requestTimeoutMs } = options;
  const shortest = Math.min(
    keepAliveTimeoutMs || headTimeoutMs,
    headTimeoutMs,
    bodyGraceMs,
    writeTimeoutMs,
    requestTimeoutMs,
  );
  return Math.max(MIN_PERIOD_MS, Math.min(MAX_PERIOD_MS, shortest / 4));
}
