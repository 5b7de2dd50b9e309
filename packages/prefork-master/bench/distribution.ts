/*
 * How kept connections spread over 4 workers that share one inherited socket.
 *
 *   node -C @highball/source bench/distribution.ts
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createMaster } from '../src/index.ts';

const WORKERS = 4;
const ROUNDS = 7;
/** How many connections are being opened at the same time. */
const openers = [1, 8, 64];
const counts = [8, 64, 1000];

const master = createMaster({
  listen: [{ host: '127.0.0.1', port: 0 }],
  worker: { script: new URL('distribution-worker.ts', import.meta.url) },
  workers: WORKERS,
});
await master.start();
const [address] = master.addresses() as [{ host: string; port: number }];

/** Opens one connection and learns which worker has it. */
async function open(sockets: Socket[]): Promise<string> {
  const socket = connect(address);
  sockets.push(socket);
  const [id] = (await once(socket, 'data')) as [Buffer];
  return id.toString();
}

async function spread(count: number, concurrency: number): Promise<number[]> {
  const sockets: Socket[] = [];
  const shares = new Map<string, number>();
  let left = count;
  const opener = async (): Promise<void> => {
    while (left-- > 0) {
      const id = await open(sockets);
      shares.set(id, (shares.get(id) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, opener));
  for (const socket of sockets) socket.destroy();
  return Array.from({ length: WORKERS }, (_, index) => shares.get(String(index + 1)) ?? 0);
}

function unevenness(shares: readonly number[]): number {
  return Math.max(...shares) / Math.min(...shares);
}

/** The middle one of several rounds, by its unevenness. */
async function median(count: number, concurrency: number): Promise<number[]> {
  const rounds: number[][] = [];
  while (rounds.length < ROUNDS) rounds.push(await spread(count, concurrency));
  return rounds.toSorted((a, b) => unevenness(a) - unevenness(b))[ROUNDS >> 1] ?? [];
}

console.log('| connections | opened at once | on each worker | busiest / least busy |');
console.log('| ---: | ---: | --- | ---: |');
for (const count of counts) {
  for (const concurrency of openers.filter((openers) => openers <= count)) {
    const shares = await median(count, concurrency);
    console.log(`| ${count} | ${concurrency} | ${shares.join(', ')} | ${unevenness(shares).toFixed(1)} |`);
  }
}
await master.stop({ graceful: false });
