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

/** CPU time of these processes up to now, user and system, all threads. */
export function cpuMs(pids: readonly number[]): number {
  return sum(pids, (pid) => ticks(read(`/proc/${pid}/stat`)) * TICK_MS);
}

/** Memory that is resident, pages that several of them share counted for each. */
export function residentBytes(pids: readonly number[]): number {
  return sum(pids, (pid) => Number(/VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024);
}

/** utime and stime; the name before them may hold spaces and brackets. */
export function ticks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

function sum(pids: readonly number[], of: (pid: number) => number): number {
  return pids.reduce((total, pid) => total + of(pid), 0);
}

/** Nothing where the process has ended in between. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
