/** How the number of workers follows their load. */
export interface AutoscaleOptions {
  /** The fewest workers. */
  readonly min: number;
  /** The most workers. */
  readonly max: number;
  /** The part of the time that a worker's event loop should be busy, from 0 to 1. @default 0.7 */
  readonly targetUtilisation?: number;
  /** How long the load has to ask for more workers. @default 3000 */
  readonly upAfterMs?: number;
  /** How long the load has to be bearable for one worker fewer. @default 60_000 */
  readonly downAfterMs?: number;
}

/** Half of what an eager operator takes for full (0.5) is waste, 0.9 leaves no room for a burst. */
const TARGET_UTILISATION = 0.7;
/** Three beats of every worker: one garbage collection is no load. */
const UP_AFTER_MS = 3000;
/** A worker costs little where it is and much where it is missing: Kubernetes' HPA waits for 5 minutes. */
const DOWN_AFTER_MS = 60_000;
/** The tolerance of Kubernetes' HPA: nothing is done for less. */
const TOLERANCE = 0.1;

/** The options with all their defaults. */
export function resolveAutoscale(options: AutoscaleOptions): Required<AutoscaleOptions> {
  return {
    targetUtilisation: TARGET_UTILISATION,
    upAfterMs: UP_AFTER_MS,
    downAfterMs: DOWN_AFTER_MS,
    ...options,
  };
}

/** What the decision remembers: since when the load has asked for more workers, or for fewer. */
export interface ScaleMemory {
  readonly more: number | undefined;
  readonly fewer: number | undefined;
}

export const NO_MEMORY: ScaleMemory = { more: undefined, fewer: undefined };

/** What there is to decide on. */
export interface ScaleSample {
  /** Milliseconds of a clock that only grows. */
  readonly now: number;
  /** How many workers there are meant to be. */
  readonly size: number;
  /** How busy each worker in service is, from 0 to 1. */
  readonly utilisations: readonly number[];
}

/**
 * How many workers there should be.
 *
 * Upwards in one step, to what brings the load to the target; downwards one worker at a time, and only when the rest
 * can bear the load with room to spare. A size outside of the bounds is put right at once. After each change the
 * waiting begins anew, so that the new number shows its effect first.
 */
export function decideScale(
  { now, size, utilisations }: ScaleSample,
  options: Required<AutoscaleOptions>,
  memory: ScaleMemory,
): { readonly size: number; readonly memory: ScaleMemory } {
  const { min, max, targetUtilisation, upAfterMs, downAfterMs } = options;
  const bounded = Math.min(max, Math.max(min, size));
  if (bounded !== size) return { size: bounded, memory: NO_MEMORY };
  // Workers that boot, or have not said anything yet, are on their way to help: wait for them.
  if (utilisations.length < size || size === 0) return { size, memory: NO_MEMORY };
  const load = utilisations.reduce((sum, utilisation) => sum + utilisation, 0);
  const wanted = Math.min(max, Math.ceil(load / targetUtilisation));

  const more = load > size * targetUtilisation * (1 + TOLERANCE) && wanted > size;
  const fewer = load < (size - 1) * targetUtilisation * (1 - TOLERANCE) && size > min;
  const next: ScaleMemory = {
    more: more ? (memory.more ?? now) : undefined,
    fewer: fewer ? (memory.fewer ?? now) : undefined,
  };
  if (next.more !== undefined && now - next.more >= upAfterMs) return { size: wanted, memory: NO_MEMORY };
  if (next.fewer !== undefined && now - next.fewer >= downAfterMs)
    return { size: size - 1, memory: NO_MEMORY };
  return { size, memory: next };
}
