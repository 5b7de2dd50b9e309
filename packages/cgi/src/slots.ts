import type { Clock } from './clock.ts';
import { CgiRequestError } from './errors.ts';

/** How many may run, and wait. */
export interface SlotOptions {
  readonly maxProcesses: number;
  readonly maxQueue: number;
  readonly queueTimeoutMs: number;
  readonly clock: Clock;
}

/** Gives a slot back; only the first call counts. */
export type Release = () => void;

/** Bounds the number of processes at a time; requests beyond it wait in line, for a while. */
export class Slots {
  readonly #options: SlotOptions;
  readonly #queue: (() => void)[] = [];
  #taken = 0;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  /**
   * Waits for a slot.
   * @throws CgiRequestError BUSY when too many wait, or for too long; CLIENT_GONE when nobody waits for the answer.
   */
  async acquire(signal: AbortSignal | undefined): Promise<Release> {
    if (signal?.aborted) throw gone();
    const { maxProcesses, maxQueue } = this.#options;
    if (this.#taken >= maxProcesses) {
      if (this.#queue.length >= maxQueue) throw new CgiRequestError('BUSY', 'too many requests wait');
      await this.#wait(signal);
    } else {
      this.#taken++;
    }
    let released = false;
    return () => {
      if (!released) this.#release();
      released = true;
    };
  }

  #wait(signal: AbortSignal | undefined): Promise<void> {
    const { clock, queueTimeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        cancel();
        signal?.removeEventListener('abort', onAbort);
        const index = this.#queue.indexOf(enter);
        if (index !== -1) this.#queue.splice(index, 1);
      };
      const enter = (): void => (leave(), resolve());
      const onAbort = (): void => (leave(), reject(gone()));
      const cancel = clock.after(queueTimeoutMs, () => {
        leave();
        reject(new CgiRequestError('BUSY', `no slot was free for ${queueTimeoutMs} ms`));
      });
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#queue.push(enter);
    });
  }

  /** The slot goes to the one that has waited longest. */
  #release(): void {
    const next = this.#queue[0];
    if (next === undefined) this.#taken--;
    else next();
  }
}

function gone(): CgiRequestError {
  return new CgiRequestError('CLIENT_GONE', 'the client has left');
}
