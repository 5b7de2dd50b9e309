import type { Application, Environ, ResponseBody, StartResponse } from '@highball/gateway-protocol';
import { UsageError } from './errors.ts';
import { sweepPeriod } from './heartbeat.ts';
import { resolveOptions, type ResolvedOptions, type ThreadPoolOptions } from './options.ts';
import type { PoolThread } from './pool-thread.ts';
import { Slot } from './slot.ts';
import { collectStats, type ThreadPoolStats } from './stats.ts';
import { ThreadRequest } from './thread-request.ts';
import { WaitingLine } from './waiting-line.ts';

/** An application that runs in threads: call it, or give it to a server. */
export interface ThreadPool extends Application {
  /**
   * Starts the threads; resolves when all are in service.
   * @throws ThreadError `BOOT_FAILED`, with the application's own error as its cause; `BOOT_TIMEOUT`.
   */
  start(): Promise<void>;
  /**
   * Stops without losing anything: new requests get 503, those that wait or run are finished, then the threads are
   * told to stop. To be called when the server has drained.
   * @param graceMs - after so long the rest is cut off. @default 30_000 (gunicorn's graceful_timeout)
   */
  drain(graceMs?: number): Promise<void>;
  /** Stops at once. */
  close(): Promise<void>;
  stats(): ThreadPoolStats;
}

/** gunicorn's graceful_timeout. */
const GRACE_MS = 30_000;

/**
 * Makes a pool of threads that run an application, while the loop of this thread keeps the sockets (gunicorn's worker
 * class `gthread`). It answers when {@link ThreadPool.start} has resolved. The threads keep the process alive until
 * `drain` or `close`.
 * @throws UsageError `BAD_OPTION`
 */
export function threadPool(options: ThreadPoolOptions): ThreadPool {
  const pool = new Pool(resolveOptions(options));
  return Object.assign(
    (environ: Environ, startResponse: StartResponse): Promise<ResponseBody> =>
      pool.answer(environ, startResponse),
    {
      start: (): Promise<void> => pool.start(),
      drain: (graceMs: number = GRACE_MS): Promise<void> => pool.drain(graceMs),
      close: (): Promise<void> => pool.close(),
      stats: (): ThreadPoolStats => pool.stats(),
    },
  );
}

class Pool {
  readonly #options: ResolvedOptions;
  readonly #slots: readonly Slot[];
  readonly #line: WaitingLine;
  readonly #periodMs: number;
  #state: 'new' | 'open' | 'draining' | 'closed' = 'new';
  #sweeper: unknown;
  #sweptAt = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.#line = new WaitingLine(options);
    this.#periodMs = sweepPeriod(options.timeoutMs);
    this.#slots = Array.from(
      { length: options.threads },
      (_, index) => new Slot(index + 1, options, () => this.#onRoom()),
    );
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') throw new UsageError('STARTED_TWICE', 'a pool is started once');
    this.#state = 'open';
    try {
      await Promise.all(this.#slots.map((slot) => slot.start()));
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#sweptAt = this.#options.clock.now();
    this.#sweepLater();
  }

  answer(environ: Environ, startResponse: StartResponse): Promise<ResponseBody> {
    if (this.#state === 'new')
      throw new UsageError('NOT_STARTED', 'await start() of the pool before it serves');
    const request = new ThreadRequest(environ, startResponse);
    const thread = this.#state === 'open' && this.#line.size === 0 ? this.#freeThread() : undefined;
    if (thread !== undefined) thread.run(request);
    else if (this.#state !== 'open' || this.#line.full) this.#refuse(request);
    else this.#queue(request);
    return request.answered;
  }

  async drain(graceMs: number): Promise<void> {
    if (this.#state === 'new') this.#state = 'closed';
    if (this.#state === 'open') this.#state = 'draining';
    const timer = this.#options.clock.setTimeout(() => void this.close(), graceMs);
    await this.#untilIdle();
    await Promise.all(this.#slots.map((slot) => slot.stop()));
    this.#options.clock.clearTimeout(timer);
    await this.close();
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    this.#options.clock.clearTimeout(this.#sweeper);
    this.#line.close();
    await Promise.all(this.#slots.map((slot) => slot.close()));
    this.#onIdle?.();
  }

  stats(): ThreadPoolStats {
    return collectStats(this.#slots, this.#line.size);
  }

  #queue(request: ThreadRequest): void {
    const admit = (): void => this.#freeThread()?.run(request);
    const dismiss = (): void => this.#refuse(request);
    this.#line.join({ admit, dismiss }, request.environ['highball.signal']?.());
  }

  #refuse(request: ThreadRequest): void {
    request.refuse(503, this.#options.retryAfterSeconds);
  }

  /** The one with the fewest requests; among equals the first, whose code is the warmest. */
  #freeThread(): PoolThread | undefined {
    let best: PoolThread | undefined;
    for (const { thread } of this.#slots) {
      if (thread?.hasRoom === true && thread.active < (best?.active ?? Number.POSITIVE_INFINITY))
        best = thread;
    }
    return best;
  }

  #onRoom(): void {
    while (this.#line.size > 0 && this.#freeThread() !== undefined) this.#line.admitNext();
    this.#checkIdle();
  }

  #sweepLater(): void {
    this.#sweeper = this.#options.clock.setTimeout(() => this.#sweep(), this.#periodMs);
  }

  #sweep(): void {
    const now = this.#options.clock.now();
    const late = now - this.#sweptAt > 2 * this.#periodMs;
    this.#sweptAt = now;
    for (const { thread } of this.#slots) thread?.sweep(now, late);
    this.#checkIdle();
    this.#sweepLater();
  }

  #untilIdle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.#checkIdle();
    });
  }

  #checkIdle(): void {
    const idle = this.#line.size === 0 && this.#slots.every(({ thread }) => (thread?.active ?? 0) === 0);
    if (idle) this.#onIdle?.();
  }
}
