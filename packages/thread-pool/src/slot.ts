import { Backoff } from '@highball/prefork-master/backoff';
import { ThreadError } from './errors.ts';
import type { ResolvedOptions } from './options.ts';
import { PoolThread, type PoolThreadOwner } from './pool-thread.ts';

/** A place for one thread: when the one in it dies, the next one is started. */
export class Slot implements PoolThreadOwner {
  readonly id: number;
  readonly #options: ResolvedOptions;
  readonly #backoff: Backoff;
  readonly #onRoom: () => void;
  #thread: PoolThread | undefined;
  /** Threads that are on their way out. */
  readonly #leaving = new Set<Promise<void>>();
  #readySince: number | undefined;
  #replaced = 0;
  #timer: unknown;
  #started: { resolve: () => void; reject: (error: unknown) => void } | undefined;
  #stopping = false;

  constructor(id: number, options: ResolvedOptions, onRoom: () => void) {
    this.id = id;
    this.#options = options;
    this.#backoff = new Backoff(options.backoff);
    this.#onRoom = onRoom;
  }

  /** The thread that is there now; it may not be ready. */
  get thread(): PoolThread | undefined {
    return this.#thread;
  }

  /** How many threads have died here. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Resolves when the first thread is in service. @throws ThreadError when it does not come up. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#started = { resolve, reject };
      this.#launch();
    });
  }

  /** Lets the thread finish. Resolves when it is gone. */
  stop(): Promise<void> {
    this.#retire();
    this.#thread?.stop();
    return this.#untilGone();
  }

  /** Ends the thread at once. */
  close(): Promise<void> {
    this.#retire();
    this.#thread?.kill();
    return this.#untilGone();
  }

  onReady(): void {
    this.#readySince = this.#options.clock.now();
    this.#started?.resolve();
    this.#started = undefined;
    this.#onRoom();
  }

  onRoom(): void {
    this.#onRoom();
  }

  onGone(thread: PoolThread, error: ThreadError | undefined): void {
    this.#thread = undefined;
    this.#track(thread.exited);
    if (this.#started !== undefined) {
      this.#started.reject(error ?? new ThreadError('POOL_CLOSED', 'the pool was closed before it was up'));
      this.#started = undefined;
    } else if (!this.#stopping) {
      this.#replace(error);
    } else if (error !== undefined) {
      this.#options.log.error('a thread did not stop in good order', { err: error, thread: this.id });
    }
  }

  #replace(err: ThreadError | undefined): void {
    const { clock, log } = this.#options;
    const servedMs = this.#readySince === undefined ? 0 : clock.now() - this.#readySince;
    const delayMs = this.#backoff.crashed(servedMs);
    this.#readySince = undefined;
    this.#replaced++;
    log.error(`a thread is replaced in ${delayMs} ms`, { err, thread: this.id });
    // Also for no delay: a thread must not be started while another one is being taken down.
    this.#timer = clock.setTimeout(() => this.#launch(), delayMs);
  }

  #launch(): void {
    if (!this.#stopping) this.#thread = new PoolThread(this.id, this.#options, this);
  }

  #retire(): void {
    this.#stopping = true;
    this.#options.clock.clearTimeout(this.#timer);
    if (this.#thread !== undefined) this.#track(this.#thread.exited);
  }

  #track(exited: Promise<void>): void {
    this.#leaving.add(exited);
    void exited.then(() => this.#leaving.delete(exited));
  }

  async #untilGone(): Promise<void> {
    await Promise.all(this.#leaving);
  }
}
