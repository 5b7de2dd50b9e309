/**
 * Requests per second of each framework's hello-world on the worker, through this package, and on node:http. Both
 * servers run on one CPU and are loaded at the same moment: the scheduler gives each half of what there is, whatever
 * else the machine does, so that the ratio is that of what they make of it.
 *
 * `gateway` is the other way: a gateway application on node:http, beside a plain handler there.
 *
 *     node -C @highball/source bench/hello.ts [rounds] [seconds] [framework…]
 */
import { findPeer } from '@highball/testkit';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const [rounds = 5, seconds = 2] = process.argv.slice(2, 4).map(Number);
const chosen = process.argv.slice(4);
const frameworks = chosen.length > 0 ? chosen : ['plain', 'express', 'koa', 'fastify', 'gateway'];
const wrk = findPeer('wrk');
if (wrk === undefined) throw new Error('this bench needs wrk (Debian: apt-get install wrk)');

interface Server {
  readonly port: number;
  readonly pid: number;
  stop(): void;
}

for (const framework of frameworks) {
  const servers =
    framework === 'gateway'
      ? ([await start('node-http', 'gateway'), await start('node-http', 'plain')] as const)
      : ([await start('worker', framework), await start('node-http', framework)] as const);
  const ratios: number[] = [];
  const costs: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const [ours, theirs] = await Promise.all([load(servers[0]), load(servers[1])]);
    // The first round warms both up; in one without an answer the machine was somebody else's.
    if (round === 0 || !(ours.rate > 0 && theirs.rate > 0)) continue;
    ratios.push(ours.rate / theirs.rate);
    costs.push(theirs.cpuMicroseconds / ours.cpuMicroseconds);
  }
  for (const server of servers) server.stop();
  const shown = ratios.map((ratio) => ratio.toFixed(2)).join(' ');
  console.log(
    `${framework}: requests/s ${median(ratios).toFixed(2)} times node:http's (${shown}); by CPU ${median(costs).toFixed(2)}`,
  );
}

async function start(server: string, framework: string): Promise<Server> {
  const program = `${import.meta.dirname}/servers/serve.ts`;
  const [command = '', ...args] = onCpu(0, [
    process.execPath,
    '-C',
    '@highball/source',
    program,
    server,
    framework,
  ]);
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(line.toString()), pid: child.pid as number, stop: () => void child.kill() };
}

async function load({ port, pid }: Server): Promise<{ rate: number; cpuMicroseconds: number }> {
  const before = cpuMicroseconds(pid);
  const [command = '', ...args] = onCpu(1, [
    wrk as string,
    '-t1',
    '-c64',
    `-d${seconds}s`,
    `http://127.0.0.1:${port}/`,
  ]);
  const { stdout } = await promisify(execFile)(command, args);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    cpuMicroseconds: (cpuMicroseconds(pid) - before) / requests,
  };
}

/** utime and stime, in hundredths of a second; the name before them may hold spaces (proc_pid_stat(5)). */
function cpuMicroseconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** Server and load on CPUs of their own: what the scheduler does with them is not what we want to know. */
function onCpu(cpu: number, command: string[]): string[] {
  return existsSync('/usr/bin/taskset') ? ['/usr/bin/taskset', '-c', String(cpu), ...command] : command;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
