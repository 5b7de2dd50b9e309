import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const TASKSET = '/usr/bin/taskset';

/** Whether servers and load have a CPU each. */
export const pinned: boolean = existsSync(TASKSET) && availableParallelism() > 1;

export const SERVER_CPU = '0';
/** Also for upstreams that are not measured themselves. */
export const LOAD_CPU = '1';

/** For what shall show that it can use both. */
export const BOTH_CPUS = '0,1';

/**
 * The command, on these CPUs only, so that it is not the scheduler that is measured; as it is where there is no
 * taskset or only one CPU.
 */
export function onCpu(cpus: string, command: readonly string[]): string[] {
  return pinned ? [TASKSET, '-c', cpus, ...command] : [...command];
}
