import type { WorkerProcess } from './worker-process.ts';

/** Workers that others have replaced. Many reloads do not fill the memory with them: the oldest has to go. */
export class Retirement {
  /** In the order in which they were retired. */
  readonly #workers = new Set<Retiree>();
  readonly #most: () => number;

  /** @param most - how many of them there may be at this moment. */
  constructor(most: () => number) {
    this.#most = most;
  }

  add(worker: Retiree): void {
    worker.retire();
    this.#workers.add(worker);
    void worker.exited.then(() => this.#workers.delete(worker));
    const living = [...this.#workers].filter(({ state }) => state === 'retired');
    for (const old of living.slice(0, Math.max(0, living.length - this.#most()))) old.endRetirement();
  }
}

/** What this needs of a worker. */
export type Retiree = Pick<WorkerProcess, 'state' | 'retire' | 'endRetirement' | 'exited'>;
