/*
 * A thousand workers die and are replaced: does the master grow? Prints its memory and its descriptors on the way.
 *
 *   node --expose-gc -C @highball/source bench/respawns.ts [COUNT]
 */
import { readdirSync } from 'node:fs';
import { createMaster } from '../src/index.ts';

const count = Number(process.argv[2] ?? 1000);
const STEPS = 5;

const master = createMaster({
  listen: [{ host: '127.0.0.1', port: 0 }],
  worker: { script: new URL('distribution-worker.ts', import.meta.url), data: { balance: true } },
  workers: 4,
  backoff: { firstMs: 1, maxMs: 1 },
});

let respawns = -4;
let finish = (): void => undefined;
const finished = new Promise<void>((resolve) => (finish = resolve));
master.on('workerReady', ({ pid }) => {
  respawns++;
  if (respawns >= 0 && respawns % (count / STEPS) === 0) print();
  if (respawns >= count) return finish();
  // Once all four have come up: each is killed as soon as it serves.
  if (respawns > 0) process.kill(pid as number, 'SIGKILL');
  else if (respawns === 0)
    for (const worker of master.status().workers) process.kill(worker.pid as number, 'SIGKILL');
});

function print(): void {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const megabytes = [heapUsed, rss].map((bytes) => (bytes / 1e6).toFixed(1));
  console.log(`| ${[respawns, ...megabytes, readdirSync('/proc/self/fd').length].join(' | ')} |`);
}

console.log('| respawns | heap, MB | resident, MB | descriptors |');
console.log('| ---: | ---: | ---: | ---: |');
await master.start();
await finished;
await master.stop({ graceful: false });
