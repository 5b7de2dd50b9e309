/**
 * What a trivial request waits while others compute, and how much is computed: the same program in the loop of its
 * sockets, and in threads. Then what a request costs that computes nothing. Prints two Markdown tables.
 *
 *     node -C @highball/source bench/threads-demo.ts [rounds] [seconds]
 */
import { hash } from './app.ts';
import { type BenchServer, Client, median, percentile, startServer } from './support.ts';

const [rounds = 3, seconds = 3] = process.argv.slice(2).map(Number);
const HASH_MS = 50;
const PAUSE_MS = 20;
const CONNECTIONS = 64;
/** Threads, 0 for the loop of the sockets, and requests at a time in each. */
const HASHING: [threads: number, concurrency: number][] = [[0, 1], [4, 1], [12, 1]]; // prettier-ignore
const TRIVIAL: [threads: number, concurrency: number][] = [[0, 1], [1, 1], [1, 16], [4, 1]]; // prettier-ignore

/** How often to iterate for 50 ms on this machine. */
function calibrate(): number {
  hash(10_000);
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    hash(20_000);
    return performance.now() - start;
  });
  return Math.round((20_000 * HASH_MS) / Math.min(...times));
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Clients that ask for the same again and again, until they are told to stop. @returns how many answers they got. */
function load(port: number, path: string, clients: number): { stop(): Promise<number> } {
  const controller = new AbortController();
  const running = Array.from({ length: clients }, async () => {
    const client = new Client(port);
    let answers = 0;
    for (; !controller.signal.aborted; answers++) await client.ask(path);
    client.close();
    return answers;
  });
  return {
    stop: async () => {
      controller.abort();
      return (await Promise.all(running)).reduce((sum, answers) => sum + answers, 0);
    },
  };
}

/** A trivial request now and then, while so many clients hash. */
async function measureWait(port: number, hashing: number): Promise<{ waits: number[]; hashes: number }> {
  const hashers = load(port, '/hash', hashing);
  const client = new Client(port);
  const waits: number[] = [];
  const start = performance.now();
  while (performance.now() - start < seconds * 1000) {
    waits.push(await client.ask('/'));
    await sleep(PAUSE_MS);
  }
  client.close();
  const answers = await hashers.stop();
  return { waits, hashes: (answers * 1000) / (performance.now() - start) };
}

/** Trivial requests, as many as possible. */
async function measureCost(server: BenchServer): Promise<{ rate: number; cpuUs: number }> {
  const cpuMs = server.cpuMs();
  const start = performance.now();
  const clients = load(server.port, '/', CONNECTIONS);
  await sleep(seconds * 1000);
  const answers = await clients.stop();
  const rate = (answers * 1000) / (performance.now() - start);
  return { rate, cpuUs: ((server.cpuMs() - cpuMs) * 1000) / answers };
}

const iterations = calibrate();
const nameOf = (threads: number, concurrency: number): string =>
  threads === 0
    ? 'async'
    : `threads, ${threads} of them${concurrency > 1 ? `, ${concurrency} requests each` : ''}`;

/** Starts the servers, calls back for each in turn, round by round, and stops them. */
async function alternate<Result>(
  setups: readonly (readonly [threads: number, concurrency: number])[],
  measure: (server: BenchServer) => Promise<Result>,
): Promise<{ name: string; results: Result[] }[]> {
  const entries = await Promise.all(
    setups.map(async ([threads, concurrency]) => ({
      name: nameOf(threads, concurrency),
      server: await startServer(threads, concurrency, iterations),
      results: [] as Result[],
    })),
  );
  for (let round = 0; round < rounds; round++) {
    for (const { server, results } of entries) results.push(await measure(server));
  }
  for (const { server } of entries) await server.stop();
  return entries;
}

const factor = (values: number[], bases: number[]): string =>
  median(values.map((value, round) => value / (bases[round] ?? Number.NaN))).toFixed(2);

console.log('| clients that hash | worker class | trivial request, p50 | p99 | hashes, against async |');
console.log('| --- | --- | --- | --- | --- |');
for (const hashing of [3, 8]) {
  const entries = await alternate(HASHING, ({ port }) => measureWait(port, hashing));
  const base = entries[0]?.results.map(({ hashes }) => hashes) ?? [];
  for (const { name, results } of entries) {
    const waits = results.flatMap(({ waits }) => waits);
    const [p50, p99] = [0.5, 0.99].map((share) => percentile(waits, share).toFixed(1));
    const hashes = results.map(({ hashes }) => hashes);
    console.log(`| ${hashing} | ${name} | ${p50} ms | ${p99} ms | ${factor(hashes, base)} |`);
  }
}

console.log('\n| worker class | trivial requests a second, against async | CPU for each |');
console.log('| --- | --- | --- |');
const entries = await alternate(TRIVIAL, measureCost);
const base = entries[0]?.results ?? [];
for (const { name, results } of entries) {
  const rate = factor(results.map(({ rate }) => rate), base.map(({ rate }) => rate)); // prettier-ignore
  const cpu = factor(results.map(({ cpuUs }) => cpuUs), base.map(({ cpuUs }) => cpuUs)); // prettier-ignore
  console.log(`| ${name} | ${rate} | ${cpu} |`);
}
