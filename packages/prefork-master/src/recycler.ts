import type { Clock } from './clock.ts';

/** What the recycler needs of the pool, whose workers it knows as `W`. */
export interface RecyclerHost<W> {
  readonly clock: Pick<Clock, 'now'>;
  /** Whether a worker is still one to be replaced. */
  isInService(worker: W): boolean;
  /** Says that the replacement of a worker begins. */
  announce(worker: W, reason: string): void;
  /** Puts another worker in the place of this one. */
  replace(worker: W): Promise<void>;
}

/** How long a worker whose replacement did not boot is left alone: systemd's StartLimitIntervalSec. */
const RETRY_MS = 10_000;

/**
 * Replaces workers that have had their time, one after the other: when all come to their limit at once, the machine
 * boots one worker and not all of them.
 */
export class Recycler<W extends object> {
  readonly #host: RecyclerHost<W>;
  readonly #queue = new Map<W, string>();
  readonly #notBefore = new WeakMap<W, number>();
  #running = false;

  constructor(host: RecyclerHost<W>) {
    this.#host = host;
  }

  /** Asks for a worker's replacement; once is enough. */
  request(worker: W, reason: string): void {
    if (this.#queue.has(worker) || this.#host.clock.now() < (this.#notBefore.get(worker) ?? 0)) return;
    this.#queue.set(worker, reason);
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (const [worker, reason] of this.#queue) {
      if (this.#host.isInService(worker)) await this.#replace(worker, reason);
      // Not before: what it asks for meanwhile is under way.
      this.#queue.delete(worker);
    }
    this.#running = false;
  }

  async #replace(worker: W, reason: string): Promise<void> {
    this.#host.announce(worker, reason);
    try {
      await this.#host.replace(worker);
    } catch {
      // The slot has told why; the old worker serves on.
      this.#notBefore.set(worker, this.#host.clock.now() + RETRY_MS);
    }
  }
}
