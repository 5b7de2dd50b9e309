import { type AutoscaleOptions, decideScale, NO_MEMORY, type ScaleMemory } from './autoscale.ts';
import type { Clock } from './clock.ts';
import { type LowMemoryLimit, MemoryLimit } from './memory-limit.ts';
import { isTooLarge, type WearLimits, wornOut } from './wear.ts';
import type { WorkerProcess } from './worker-process.ts';

/** What the patrol looks at, and what it may ask for. */
export interface PatrolHost {
  readonly size: number;
  /** The workers in service. */
  readonly inService: readonly WorkerProcess[];
  requestRecycle(worker: WorkerProcess, reason: string): void;
  /** Says that the limit of memory is too low. */
  memoryLimitLow(worker: WorkerProcess, low: LowMemoryLimit): void;
  scale(size: number): Promise<void>;
}

/** What it watches for. */
export interface PatrolOptions extends WearLimits {
  readonly autoscale: Required<AutoscaleOptions> | undefined;
}

/** How often it looks: beats come once a second. */
const INTERVAL_MS = 1000;

/** Looks after the workers at regular times: are they too old, too large, too few, too many? */
export class Patrol {
  readonly #options: PatrolOptions;
  readonly #host: PatrolHost;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #jitters = new WeakMap<WorkerProcess, number>();
  readonly #memoryLimit: MemoryLimit<WorkerProcess>;
  #memory: ScaleMemory = NO_MEMORY;
  #scaling = false;
  #timer: unknown;

  constructor(options: PatrolOptions, host: PatrolHost, clock: Clock, random: () => number) {
    this.#options = options;
    this.#memoryLimit = new MemoryLimit(options.maxMemoryBytes);
    this.#host = host;
    this.#clock = clock;
    this.#random = random;
  }

  /** Does nothing when there is nothing to watch for. */
  start(): void {
    const { autoscale, maxLifetimeMs, maxMemoryBytes } = this.#options;
    if (autoscale || maxLifetimeMs < Infinity || maxMemoryBytes < Infinity) this.#later();
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #later(): void {
    this.#timer = this.#clock.setTimeout(() => this.#round(), INTERVAL_MS);
  }

  #round(): void {
    for (const worker of this.#host.inService) this.#examine(worker);
    if (this.#options.autoscale) this.#scale(this.#options.autoscale);
    this.#later();
  }

  #examine(worker: WorkerProcess): void {
    let jitter = this.#jitters.get(worker);
    if (jitter === undefined) this.#jitters.set(worker, (jitter = this.#random()));
    const { servedMs = 0 } = worker;
    const watchesMemory = this.#options.maxMemoryBytes < Infinity;
    const memoryBytes = watchesMemory ? worker.memoryBytes : undefined;
    const spared = isTooLarge(memoryBytes, this.#options) && this.#spares(worker, servedMs, memoryBytes);
    const wear = { servedMs, jitter, memoryBytes: spared ? undefined : memoryBytes };
    const reason = wornOut(wear, this.#options);
    if (reason !== undefined) this.#host.requestRecycle(worker, reason);
  }

  /** Whether a worker is left alone though it is too large: its replacement would be as well. */
  #spares(worker: WorkerProcess, servedMs: number, memoryBytes: number): boolean {
    const verdict = this.#memoryLimit.judge(worker, { servedMs, memoryBytes }, this.#clock.now());
    if (typeof verdict === 'object') this.#host.memoryLimitLow(worker, verdict);
    return verdict === 'leave';
  }

  #scale(options: Required<AutoscaleOptions>): void {
    const { size, inService } = this.#host;
    // Nobody is to be woken who was retired by hand.
    if (this.#scaling || size === 0) return;
    const utilisations = inService.flatMap(({ vitals }) => vitals.utilisation ?? []);
    const decision = decideScale({ now: this.#clock.now(), size, utilisations }, options, this.#memory);
    this.#memory = decision.memory;
    if (decision.size !== size) void this.#scaleTo(decision.size);
  }

  async #scaleTo(size: number): Promise<void> {
    this.#scaling = true;
    try {
      await this.#host.scale(size);
    } catch {
      // A worker did not boot: its slot has told so, and tries again.
    } finally {
      this.#scaling = false;
    }
  }
}
