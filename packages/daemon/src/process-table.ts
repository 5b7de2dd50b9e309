import { readFileSync } from 'node:fs';

/** What a pidfile needs to know of other processes. */
export interface ProcessTable {
  /** Whether a process with this pid runs; one that has exited and only awaits its parent does not. */
  isAlive(pid: number): boolean;
  /** When it was started, in milliseconds since 1970; undefined where the system does not tell. */
  startedAt(pid: number): number | undefined;
}

/** USER_HZ, in which /proc counts: 100 on every architecture that Node runs on; see proc_pid_stat(5). */
const TICKS_PER_SECOND = 100;
/** Of the fields of /proc/PID/stat behind the name: state is the first, starttime the twentieth. */
const STATE = 0;
const START_TIME = 19;

/** The processes of this machine: signal 0 asks whether one is there, /proc (Linux) since when. */
export const systemProcesses: ProcessTable = {
  isAlive(pid) {
    try {
      process.kill(pid, 0);
    } catch (error) {
      // EPERM: it is there, and belongs to somebody else.
      if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
    }
    return statFields(pid)?.[STATE] !== 'Z';
  },

  startedAt(pid) {
    const ticks = Number(statFields(pid)?.[START_TIME]);
    const bootedAt = Number(/^btime (\d+)$/m.exec(readOptional('/proc/stat') ?? '')?.[1]);
    const startedAt = (bootedAt + ticks / TICKS_PER_SECOND) * 1000;
    return Number.isNaN(startedAt) ? undefined : startedAt;
  },
};

/** The fields behind the process's name, which may itself hold spaces and parentheses. */
function statFields(pid: number): string[] | undefined {
  const stat = readOptional(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readOptional(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
