/**
 * Requests per second of the worker and of node:http, alternating in one run, so that whatever else the machine
 * does meets both. Beside wrk's figure stands the CPU time that the server took for a request, which a busy
 * neighbour moves much less.
 *
 *     node -C @highball/source bench/hello.ts [rounds] [seconds]
 */
import { findPeer } from '@highball/testkit';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startServer } from './support.ts';

const run = promisify(execFile);
const [rounds = 5, seconds = 2] = process.argv.slice(2).map(Number);
const wrk = findPeer('wrk');
if (wrk === undefined) throw new Error('this bench needs wrk (Debian: apt-get install wrk)');

const servers = [await startServer('highball'), await startServer('node-http')];
const results = servers.map(() => ({ rates: [] as number[], costs: [] as number[] }));
for (let round = 0; round <= rounds; round++) {
  for (const [i, server] of servers.entries()) {
    const cpuBefore = server.cpuMs();
    const { stdout } = await run(wrk, [
      '-t1',
      '-c64',
      `-d${seconds}s`,
      '-s',
      `${import.meta.dirname}/browser-request.lua`,
      `http://127.0.0.1:${server.port}/`,
    ]);
    const rate = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
    const total = Number(/(\d+) requests in/.exec(stdout)?.[1]);
    if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
    // The first round warms both up.
    if (round === 0) continue;
    results[i]?.rates.push(rate);
    results[i]?.costs.push(((server.cpuMs() - cpuBefore) * 1000) / total);
  }
}
for (const server of servers) await server.stop();

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] as number;
const [ours, theirs] = results.map(({ rates, costs }) => ({ rate: median(rates), cost: median(costs) }));
if (ours === undefined || theirs === undefined) throw new Error('no results');
console.table({
  'async-worker': { 'requests/s': Math.round(ours.rate), 'CPU µs/request': ours.cost.toFixed(1) },
  'node:http': { 'requests/s': Math.round(theirs.rate), 'CPU µs/request': theirs.cost.toFixed(1) },
  ratio: {
    'requests/s': (ours.rate / theirs.rate).toFixed(2),
    'CPU µs/request': (theirs.cost / ours.cost).toFixed(2),
  },
});
