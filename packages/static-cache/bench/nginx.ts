/**
 * Beside nginx, alternating in one run: files of 1 KB, 10 KB and 1 MB, 304, and a file that is too large for the
 * memory cache, from the kernel's cache and (with dd, which can empty that for one file) from the disk. Servers on
 * CPU 0, wrk on CPU 1, 64 connections (4 for the large file; one download at a time where it is cold).
 *
 *     node -C @highball/source packages/static-cache/bench/nginx.ts [rounds] [seconds] [only]
 */
import { findPeer, temporaryFolder } from '@highball/testkit';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type BenchServer, onCpu, startHighball, startNginx } from './servers.ts';

const run = promisify(execFile);
const [rounds = 5, seconds = 2] = process.argv.slice(2, 4).map(Number);
const only = process.argv[4];
const LARGE_BYTES = 16_777_216;
/** For one figure: the time on a disk differs from one to the next, and CPU time is told in hundredths of a second. */
const COLD_DOWNLOADS = 20;
const FILES = { '1k.html': 1024, '10k.html': 10_240, '1m.html': 1_048_576, 'large.bin': LARGE_BYTES };
const CASES = [
  { name: '1 KB', path: '/1k.html', connections: 64, conditional: false },
  { name: '10 KB', path: '/10k.html', connections: 64, conditional: false },
  { name: '1 MB', path: '/1m.html', connections: 64, conditional: false },
  { name: '304', path: '/1k.html', connections: 64, conditional: true },
  { name: '16 MB', path: '/large.bin', connections: 4, conditional: false },
  { name: '16 MB, cold', path: '/large.bin', connections: 1, conditional: false },
];

await using folder = await temporaryFolder();
for (const [name, size] of Object.entries(FILES)) {
  await writeFile(join(folder.path, name), Buffer.alloc(size, 'x'));
}
const servers = [await startHighball(folder.path), await startNginx(folder.path, join(folder.path, 'nginx'))];
const rows: Record<string, object> = {};
for (const each of CASES.filter(({ name }) => only === undefined || name === only)) {
  const results = servers.map(() => ({ rates: [] as number[], costs: [] as number[] }));
  for (let round = 0; round <= rounds; round++) {
    for (const [i, server] of servers.entries()) {
      const { rate, cpuUs } = await measure(server, each);
      // The first round warms both up.
      if (round === 0) continue;
      results[i]?.rates.push(rate);
      results[i]?.costs.push(cpuUs);
    }
  }
  const [ours, theirs] = results as [(typeof results)[0], (typeof results)[0]];
  const ratios = ours.rates.map((rate, i) => rate / (theirs.rates[i] as number));
  rows[each.name] = {
    'static-cache/s': Number(median(ours.rates).toPrecision(3)),
    'nginx/s': Number(median(theirs.rates).toPrecision(3)),
    ratio: Number(median(ratios).toFixed(2)),
    'CPU µs, ours': Number(median(ours.costs).toFixed(1)),
    'CPU µs, nginx': Number(median(theirs.costs).toFixed(1)),
    'ratio of CPU': Number((median(theirs.costs) / median(ours.costs)).toFixed(2)),
  };
}
for (const server of servers) await server.stop();
console.table(rows);

async function measure(
  server: BenchServer,
  each: (typeof CASES)[0],
): Promise<{ rate: number; cpuUs: number }> {
  const base = `http://127.0.0.1:${server.port}`;
  if (each.connections === 1) return measureCold(server, base + each.path);
  const etag = each.conditional ? ((await fetch(base + each.path)).headers.get('etag') as string) : undefined;
  const script = join(import.meta.dirname, 'browser.lua');
  const before = server.cpuMs();
  const wrk = [
    findPeer('wrk') as string,
    '-t1',
    `-c${each.connections}`,
    `-d${seconds}s`,
    '--timeout',
    '30s',
    '-s',
    script,
  ];
  const [command = '', ...args] = onCpu(1, [...wrk, base, '--', each.path, ...(etag ? [etag] : [])]);
  const { stdout } = await run(command, args);
  // 304 counts as none of 2xx and 3xx that wrk complains about; errors of sockets do.
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  return {
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    cpuUs: ((server.cpuMs() - before) * 1000) / requests,
  };
}

/** Downloads a file that the kernel has not in memory, some times; the time of curl's start does not count. */
async function measureCold(server: BenchServer, url: string): Promise<{ rate: number; cpuUs: number }> {
  const before = server.cpuMs();
  const times: number[] = [];
  for (let i = 0; i < COLD_DOWNLOADS; i++) {
    await run('dd', [
      `of=${join(folder.path, 'large.bin')}`,
      'oflag=nocache',
      'conv=notrunc,fdatasync',
      'count=0',
    ]);
    const [command = '', ...args] = onCpu(1, ['curl', '-s', '-o', '/dev/null', '-w', '%{time_total}', url]);
    times.push(Number((await run(command, args)).stdout));
  }
  return { rate: 1 / median(times), cpuUs: ((server.cpuMs() - before) * 1000) / COLD_DOWNLOADS };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
