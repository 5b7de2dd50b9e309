/**
 * Requests per second of a hello world under `fromFetch` and the async worker, and under @hono/node-server and
 * node:http, alternating in one run, so that whatever else the machine does meets both. Beside wrk's figure stands
 * the CPU time that the server took for a request, which a busy neighbour moves less.
 *
 *     node -C @highball/source bench/hello.ts [rounds] [seconds]
 */
import { findPeer } from '@highball/testkit';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const run = promisify(execFile);
const [rounds = 5, seconds = 2] = process.argv.slice(2).map(Number);
const wrk = findPeer('wrk');
if (wrk === undefined) throw new Error('this bench needs wrk (Debian: apt-get install wrk)');

/** What a browser sends beside the request line. */
const fields = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Language: en-US,en;q=0.5',
  'Accept-Encoding: gzip, deflate, br',
  'Cookie: session=0123456789abcdef; theme=dark',
];

for (const handler of ['hono', 'plain']) {
  for (const types of ['native', 'lightweight']) await compare(handler, types);
}

/** Both servers with the same handler and the same kind of types; the first round warms both up. */
async function compare(handler: string, types: string): Promise<void> {
  const names = ['highball', 'hono-node-server'];
  const servers = await Promise.all(names.map((server) => start(server, handler, types)));
  const rates: number[][] = [[], []];
  const costs: number[][] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    for (const [index, { port, cpuMs }] of servers.entries()) {
      const before = cpuMs();
      const { rate, requests } = await load(port);
      if (round === 0) continue;
      rates[index]?.push(rate);
      costs[index]?.push(((cpuMs() - before) * 1000) / requests);
    }
  }
  for (const { stop } of servers) await stop();
  const [ours = [], theirs = []] = rates;
  const ratio = median(ours.map((rate, i) => rate / (theirs[i] ?? Number.NaN))).toFixed(2);
  const [cost = 0, theirCost = 0] = costs.map(median);
  const cpu = `${cost.toFixed(1)} against ${theirCost.toFixed(1)} CPU µs a request`;
  console.log(`${handler}, ${types} types: ${ratio} times the requests a second; ${cpu}`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Server and load on CPUs of their own, where `taskset` is installed. */
function onCpu(cpu: number, command: readonly string[]): [string, string[]] {
  const [first = '', ...rest] = existsSync('/usr/bin/taskset')
    ? ['/usr/bin/taskset', '-c', String(cpu), ...command]
    : command;
  return [first, rest];
}

async function start(
  server: string,
  ...args: string[]
): Promise<{ port: number; cpuMs: () => number; stop: () => Promise<unknown> }> {
  const script = `${import.meta.dirname}/servers/${server}.ts`;
  const [command, rest] = onCpu(0, [process.execPath, '-C', '@highball/source', script, ...args]);
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    port: Number(line.toString()),
    cpuMs: () => {
      // utime and stime, in hundredths of a second; the name before them may hold spaces (proc_pid_stat(5)).
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ');
      return (Number(stat[11]) + Number(stat[12])) * 10;
    },
    stop: () => {
      const exit = once(child, 'exit');
      child.kill();
      return exit;
    },
  };
}

async function load(port: number): Promise<{ rate: number; requests: number }> {
  const headers = fields.flatMap((field) => ['-H', field]);
  const load = ['-t1', '-c64', `-d${seconds}s`, ...headers, `http://127.0.0.1:${port}/`];
  const [command, rest] = onCpu(1, [wrk as string, ...load]);
  const { stdout } = await run(command, rest);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    requests: Number(/(\d+) requests in/.exec(stdout)?.[1]),
  };
}
