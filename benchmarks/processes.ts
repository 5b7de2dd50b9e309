import { readFileSync } from 'node:fs';

/** proc_pid_stat(5) counts in ticks of 1/100 s on every platform that Node runs on. */
const TICK_MS = 10;

/** A process and all below it. */
export function processTree(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim();
  return [
    pid,
    ...children
      .split(' ')
      .filter(Boolean)
      .flatMap((child) => processTree(Number(child))),
  ];
}

/** CPU time of these processes up to now, of all their threads. */
export interface CpuTime {
  readonly userMs: number;
  readonly kernelMs: number;
}

export function cpuParts(pids: readonly number[]): CpuTime {
  const times = pids.map((pid) => cpuOf(read(`/proc/${pid}/stat`)));
  return { userMs: sum(times, ({ userMs }) => userMs), kernelMs: sum(times, ({ kernelMs }) => kernelMs) };
}

/** In user mode and in the kernel together. */
export function cpuMs(pids: readonly number[]): number {
  const { userMs, kernelMs } = cpuParts(pids);
  return userMs + kernelMs;
}

/** Memory that is resident, pages that several of them share counted for each. */
export function residentBytes(pids: readonly number[]): number {
  return sum(pids, (pid) => Number(/VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024);
}

/** utime and stime; the name before them may hold spaces and brackets. */
export function cpuOf(stat: string): CpuTime {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { userMs: Number(fields[11] ?? 0) * TICK_MS, kernelMs: Number(fields[12] ?? 0) * TICK_MS };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** Nothing where the process has ended in between. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
