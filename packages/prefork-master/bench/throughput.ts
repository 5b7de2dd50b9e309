/*
 * What the balance of connections costs and brings: requests a second with it, as a part of those without it, and
 * the same for one SO_REUSEPORT socket each. Needs wrk.
 *
 *   node -C @highball/source bench/throughput.ts
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findPeer } from '@highball/testkit';
import { createMaster, type Sharing } from '../src/index.ts';

const WORKERS = 4;
const CONNECTIONS = 64;
const SECONDS = 1;
/** Each way once a round, so that what else the machine does falls on all of them. */
const ROUNDS = 5;

const ways: readonly { title: string; sharing: Sharing; balance: boolean }[] = [
  { title: 'inherited, as it comes', sharing: 'inherited', balance: false },
  { title: 'inherited, balanced', sharing: 'inherited', balance: true },
  { title: 'reuseport', sharing: 'reuseport', balance: false },
];
const loads = [
  { title: 'kept connections', headers: [] },
  { title: 'a connection a request', headers: ['-H', 'Connection: close'] },
];

const wrk = findPeer('wrk');
if (wrk === undefined) throw new Error('needs wrk (Debian: apt-get install wrk)');

async function run(way: (typeof ways)[0], headers: readonly string[]): Promise<number> {
  const master = createMaster({
    listen: [{ host: '127.0.0.1', port: 0 }],
    worker: { script: new URL('http-worker.ts', import.meta.url), data: { balance: way.balance } },
    workers: WORKERS,
    sharing: way.sharing,
  });
  await master.start();
  const [address] = master.status().addresses;
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${SECONDS}`, ...headers, `http://${address}/`];
  const { stdout } = await promisify(execFile)(wrk as string, args);
  await master.stop({ graceful: false });
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

console.log('| load | sharing | requests/s | of the first |');
console.log('| --- | --- | ---: | ---: |');
for (const load of loads) {
  const rates = ways.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++)
    for (const [index, way] of ways.entries()) rates[index]?.push(await run(way, load.headers));
  const medians = rates.map(median);
  for (const [index, way] of ways.entries()) {
    const rate = medians[index] ?? Number.NaN;
    const ratio = (rate / (medians[0] ?? Number.NaN)).toFixed(2);
    console.log(`| ${load.title} | ${way.title} | ${Math.round(rate)} | ${ratio} |`);
  }
}
