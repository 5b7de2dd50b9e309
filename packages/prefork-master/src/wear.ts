/** When workers are replaced for their age or size. */
export interface WearLimits {
  /** The longest time in service, in milliseconds; `Infinity`: no limit. */
  readonly maxLifetimeMs: number;
  /** Up to so much more, chosen for each worker, so that not all come to it at once. */
  readonly lifetimeJitterMs: number;
  /** The most resident memory; `Infinity`: no limit. */
  readonly maxMemoryBytes: number;
}

/** What is known of a worker in service. */
export interface Wear {
  readonly servedMs: number;
  /** This worker's part of the jitter, from 0 to 1. */
  readonly jitter: number;
  /** Undefined where the system does not tell it. */
  readonly memoryBytes: number | undefined;
}

const MEBIBYTE = 1024 * 1024;

/** Whether this is more memory than a worker may have. */
export function isTooLarge(
  memoryBytes: number | undefined,
  { maxMemoryBytes }: Pick<WearLimits, 'maxMemoryBytes'>,
): memoryBytes is number {
  return memoryBytes !== undefined && memoryBytes > maxMemoryBytes;
}

/** Why a worker has to be replaced, in words for the log; undefined when it need not. */
export function wornOut(wear: Wear, limits: WearLimits): string | undefined {
  const { maxLifetimeMs, lifetimeJitterMs, maxMemoryBytes } = limits;
  if (wear.servedMs >= maxLifetimeMs + wear.jitter * lifetimeJitterMs) {
    return `it has served for ${Math.round(wear.servedMs / 1000)} s`;
  }
  if (isTooLarge(wear.memoryBytes, limits)) {
    return `it holds ${mebibytes(wear.memoryBytes)} MiB of memory; the limit is ${mebibytes(maxMemoryBytes)} MiB`;
  }
  return undefined;
}

function mebibytes(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(1);
}
