import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** A server under measurement, in a process of its own. */
export interface BenchServer {
  readonly child: ChildProcess;
  readonly port: number;
  /** CPU time that it has used up to now, in milliseconds; to a hundredth of a second. */
  cpuMs(): number;
  /** Resident memory in bytes. */
  residentBytes(): number;
  stop(): Promise<void>;
}

/** Starts one of `bench/servers`; it prints its port. */
export async function startServer(name: string, args: readonly string[] = []): Promise<BenchServer> {
  const file = `${import.meta.dirname}/servers/${name}.ts`;
  const child = spawn(process.execPath, ['--expose-gc', '-C', '@highball/source', file, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(line.toString());
  return {
    child,
    port,
    cpuMs: () => {
      // utime and stime, in hundredths (proc_pid_stat(5)); the name before them may hold spaces.
      const fields = readFileSync(`/proc/${child.pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    residentBytes: () =>
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.[1]) * 1024,
    stop: async () => {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
