/*
 * How kept connections spread over 4 workers: the inherited socket, with workers that take what they get and with
 * workers that hold back, and one SO_REUSEPORT socket each.
 *
 *   node -C @highball/source bench/distribution.ts
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createMaster, type Sharing } from '../src/index.ts';

const WORKERS = 4;
const ROUNDS = 7;
/** From the end of one round to the next: until the workers have seen that their clients are gone. */
const SETTLE_MS = 300;
/** How many connections are being opened at the same time. */
const openers = [1, 8, 64];
const counts = [8, 64, 1000];

interface Address {
  readonly host: string;
  readonly port: number;
}

interface Result {
  readonly shares: readonly number[];
  /** Of the whole round, per connection. */
  readonly milliseconds: number;
}

/** Opens one connection and learns which worker has it. */
async function open(address: Address, sockets: Socket[]): Promise<string> {
  const socket = connect(address);
  sockets.push(socket);
  const [id] = (await once(socket, 'data')) as [Buffer];
  return id.toString();
}

async function spread(address: Address, count: number, concurrency: number): Promise<Result> {
  const sockets: Socket[] = [];
  const shares = new Map<string, number>();
  let left = count;
  const opener = async (): Promise<void> => {
    while (left-- > 0) {
      const id = await open(address, sockets);
      shares.set(id, (shares.get(id) ?? 0) + 1);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: concurrency }, opener));
  const milliseconds = (performance.now() - began) / count;
  const closed = sockets.map((socket) => once(socket, 'close'));
  for (const socket of sockets) socket.destroy();
  await Promise.all(closed);
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return {
    shares: Array.from({ length: WORKERS }, (_, index) => shares.get(String(index + 1)) ?? 0),
    milliseconds,
  };
}

function unevenness({ shares }: Result): number {
  return Math.max(...shares) / Math.min(...shares);
}

/** The middle one of several rounds, by its unevenness, and the worst. */
async function rounds(address: Address, count: number, concurrency: number): Promise<[Result, Result]> {
  const results: Result[] = [];
  while (results.length < ROUNDS) results.push(await spread(address, count, concurrency));
  const sorted = results.toSorted((a, b) => unevenness(a) - unevenness(b));
  return [sorted[ROUNDS >> 1] as Result, sorted.at(-1) as Result];
}

async function measure(title: string, sharing: Sharing, balance: boolean): Promise<void> {
  const master = createMaster({
    listen: [{ host: '127.0.0.1', port: 0 }],
    worker: { script: new URL('distribution-worker.ts', import.meta.url), data: { balance } },
    workers: WORKERS,
    sharing,
  });
  await master.start();
  const [address] = master.addresses() as [Address];
  for (const count of counts) {
    for (const concurrency of openers.filter((openers) => openers <= count)) {
      const [median, worst] = await rounds(address, count, concurrency);
      const ratios = [unevenness(median), unevenness(worst)].map((ratio) => ratio.toFixed(1));
      const cells = [title, count, concurrency, median.shares.join(', '), ...ratios];
      console.log(`| ${[...cells, median.milliseconds.toFixed(2)].join(' | ')} |`);
    }
  }
  await master.stop({ graceful: false });
}

console.log('| sharing | connections | opened at once | on each worker | median | worst | ms each |');
console.log('| --- | ---: | ---: | --- | ---: | ---: | ---: |');
await measure('inherited, as it comes', 'inherited', false);
await measure('inherited, balanced', 'inherited', true);
await measure('reuseport', 'reuseport', false);
