/**
 * What the event shape costs: the CPU time of a request behind `fromAsgi`, beside that of the call-shaped contract on
 * the same worker and of node:http, alternating in one run.
 *
 *     node -C @highball/source bench/hello.ts [rounds] [seconds]
 */
import { findPeer } from '@highball/testkit';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { kinds } from './servers.ts';

const SERVE = '--serve';

if (process.argv[2] === SERVE) {
  console.log(await kinds[process.argv[3] as string]?.());
} else {
  await measure();
}

async function measure(): Promise<void> {
  const [rounds = 5, seconds = 1] = process.argv.slice(2).map(Number);
  const wrk = findPeer('wrk');
  if (wrk === undefined) throw new Error('this bench needs wrk (Debian: apt-get install wrk)');
  const servers = await Promise.all(Object.keys(kinds).map(start));
  for (const path of ['/', '/pieces']) {
    const costs: Record<string, number[]> = {};
    for (let round = 0; round <= rounds; round++) {
      for (const { name, port, cpuMs } of servers) {
        const before = cpuMs();
        const load = ['-t1', '-c64', `-d${seconds}s`, `http://127.0.0.1:${port}${path}`];
        const { stdout } = await promisify(execFile)(wrk, load);
        if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
        const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
        // The first round warms up.
        if (round > 0) (costs[name] ??= []).push(((cpuMs() - before) * 1000) / requests);
      }
    }
    show(path, costs);
  }
  for (const { stop } of servers) stop();
}

async function start(
  name: string,
): Promise<{ name: string; port: number; cpuMs: () => number; stop: () => void }> {
  const args = ['-C', '@highball/source', import.meta.filename, SERVE, name];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const cpuMs = (): number => {
    // utime and stime, in hundredths of a second; the name before them may hold spaces (proc_pid_stat(5)).
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  };
  return { name, port: Number(line.toString()), cpuMs, stop: () => void child.kill() };
}

function show(path: string, costs: Record<string, number[]>): void {
  const base = median(costs['call-shaped'] ?? []);
  console.log(`\nGET ${path}`);
  console.table(
    Object.fromEntries(
      Object.entries(costs).map(([name, values]) => [
        name,
        {
          'CPU µs/request (median)': Number(median(values).toFixed(1)),
          'of call-shaped': Number((median(values) / base).toFixed(2)),
        },
      ]),
    ),
  );
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
