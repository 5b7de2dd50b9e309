/*
 * What an access log costs: the CPU time of a request, of a server without one and with each format, alternating in
 * one run (a busy machine moves it less than requests a second); then how many lines a second one process writes.
 *
 *   node -C @highball/source bench/cost.ts [rounds] [seconds]
 */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPeer, Program } from '@highball/testkit';
import { accessLog, type Format } from '../src/index.ts';
import { recordOf } from '../test/support.ts';

const [rounds = 5, seconds = 2] = process.argv.slice(2).map(Number);
const formats = ['none', 'combined', 'gunicorn', 'json'] as const;
const file = join(tmpdir(), `highball-access-log-${process.pid}.log`);
const wrk = findPeer('wrk');

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

async function cost(): Promise<void> {
  if (wrk === undefined) {
    console.log('needs wrk (Debian: apt-get install wrk)');
    return;
  }
  const servers = await Promise.all(
    formats.map(async (format) => {
      const server = new Program(process.execPath, [
        '-C',
        '@highball/source',
        join(import.meta.dirname, 'server.ts'),
        format,
        file,
      ]);
      const [, port = ''] = await server.until(/port (\d+)/);
      return { format, server, port, costs: [] as number[] };
    }),
  );
  for (let round = 0; round <= rounds; round++) {
    for (const { server, port, costs } of servers) {
      const before = cpuMs(server.pid);
      const run = new Program(wrk, ['-t1', '-c64', `-d${seconds}s`, `http://127.0.0.1:${port}/hello?a=b`]);
      await run.exited;
      const requests = Number(/(\d+) requests in/.exec(run.stdout)?.[1]);
      // The first round warms up.
      if (round > 0) costs.push(((cpuMs(server.pid) - before) * 1000) / requests);
    }
  }
  for (const { server } of servers) await server.stop();
  const none = servers[0]?.costs ?? [];
  for (const { format, costs } of servers) {
    const ratio = median(costs.map((cost, i) => cost / (none[i] ?? Number.NaN)));
    const micros = median(costs).toFixed(1);
    console.log(`${format.padEnd(10)} ${micros} µs a request, ${ratio.toFixed(2)} of that without a log`);
  }
}

/** What a process has spent so far (proc_pid_stat(5): utime and stime, in hundredths of a second). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function throughput(format: Format): Promise<void> {
  const log = accessLog({ to: file, format });
  const record = recordOf();
  const count = 500_000;
  const began = performance.now();
  for (let i = 0; i < count; i++) {
    log.onResponse(record);
    if (i % 1000 === 999) await new Promise((resolve) => setImmediate(resolve));
  }
  const formatted = performance.now() - began;
  await log.close(60_000);
  const lines = (log.stats().written / (performance.now() - began)) * 1000;
  const micros = ((formatted * 1000) / count).toFixed(2);
  console.log(`${String(format).padEnd(10)} ${Math.round(lines)} lines a second; ${micros} µs a line`);
}

try {
  await cost();
  for (const format of ['combined', 'gunicorn', 'json']) await throughput(format);
} finally {
  await rm(file, { force: true });
}
