import type { LowMemoryLimit, WorkerIdentity } from '@highball/prefork-master';

/** What is said when workers need more than `--max-worker-memory` from their start. */
export function lowLimitText(pool: string, { id, pid }: WorkerIdentity, low: LowMemoryLimit): string {
  const { memoryBytes, limitBytes, betterBytes, pauseMs } = low;
  const worker = `worker ${id} (pid ${pid}) of ${pool}`;
  return [
    `--max-worker-memory ${mebibytes(limitBytes)} is less than a worker needs`,
    `${worker} has ${mebibytes(memoryBytes)} soon after its start`,
    `set ${mebibytes(betterBytes)} or more; until then such workers are left alone, for ${pauseMs / 1000} s at first`,
  ].join(': ');
}

/** As the setting is written. */
function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)}M`;
}
