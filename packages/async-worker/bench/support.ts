import { findPeer } from '@highball/testkit';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A server under measurement, in a process of its own. */
export interface BenchServer {
  readonly port: number;
  /** CPU time that it has used up to now, all its threads together, in milliseconds; to a hundredth of a second. */
  cpuMs(): number;
  /** Bytes in use after a garbage collection: on the heap and beside it, and all that is resident. */
  memory(): Promise<{ heap: number; rss: number }>;
  stop(): Promise<void>;
}

/** Starts one of `bench/servers` on a CPU of its own, where `taskset` is installed; it prints its port. */
export async function startServer(name: string, args: readonly string[] = []): Promise<BenchServer> {
  const node = [process.execPath, '--expose-gc', '-C', '@highball/source'];
  const [command = '', ...rest] = onCpu(0, [...node, `${import.meta.dirname}/servers/${name}.ts`, ...args]);
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return {
    port: Number(line.toString()),
    cpuMs: () => {
      // utime and stime, in hundredths of a second; the name before them may hold spaces (proc_pid_stat(5)).
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1').replace(/^.*\) /s, '');
      const fields = stat.split(' ');
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    memory: async () => {
      child.send('memory');
      const [memory] = (await once(child, 'message')) as [{ heap: number; rss: number }];
      return memory;
    },
    stop: async () => {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** What wrk has measured. */
export interface WrkResult {
  readonly requestsPerSecond: number;
  readonly requests: number;
  /** The 99th percentile of the latency, in milliseconds. */
  readonly p99Ms: number;
}

/** Loads a server with what a browser sends, over 64 connections. @throws when an answer was no 2xx, or none. */
export async function runWrk(port: number, seconds: number): Promise<WrkResult> {
  const wrk = findPeer('wrk');
  if (wrk === undefined) throw new Error('this bench needs wrk (Debian: apt-get install wrk)');
  const script = `${import.meta.dirname}/browser-request.lua`;
  const load = ['-t1', '-c64', `-d${seconds}s`, '--latency', '-s', script, `http://127.0.0.1:${port}/`];
  const [command = '', ...rest] = onCpu(1, [wrk, ...load]);
  const { stdout } = await run(command, rest);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  const [, p99 = '', unit = ''] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    requests: Number(/(\d+) requests in/.exec(stdout)?.[1]),
    p99Ms: Number(p99) * ({ us: 0.001, ms: 1, s: 1000 }[unit] ?? Number.NaN),
  };
}

/** Server and load on CPUs of their own: what the scheduler does with them is not what we want to know. */
function onCpu(cpu: number, command: string[]): string[] {
  return existsSync('/usr/bin/taskset') ? ['/usr/bin/taskset', '-c', String(cpu), ...command] : command;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
