/*
 * The CPU time of a request, of a worker without limits and with them, alternating in one run: what a busy machine
 * moves less than requests a second. The keeper's own time is counted for the worker that asks it.
 *
 *   node -C @highball/source bench/throughput.ts [rounds] [seconds]
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPeer, Program, temporaryFolder } from '@highball/testkit';

const [rounds = 5, seconds = 2] = process.argv.slice(2).map(Number);
const variants = ['none', 'rate', 'rate and concurrency', 'rate, keeper', 'rate, keeper, no leases'];
const wrk = findPeer('wrk');
if (wrk === undefined) throw new Error('needs wrk (Debian: apt-get install wrk)');

const node = (...args: string[]): Program =>
  new Program(process.execPath, ['-C', '@highball/source', ...args]);

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

await using folder = await temporaryFolder();
const path = join(folder.path, 'keeper');
const source = JSON.stringify(join(import.meta.dirname, '../src/index.ts'));
await using keeper = node(
  '--input-type=module',
  '-e',
  `import { createKeeper } from ${source}; await createKeeper().listen({ path: ${JSON.stringify(path)} }); console.log('ready')`,
);
await keeper.until(/ready/);
const servers = await Promise.all(
  variants.map(async (name) => {
    const server = node(join(import.meta.dirname, 'server.ts'), name, path);
    const [, port = ''] = await server.until(/port (\d+)/);
    return { name, server, port, costs: [] as number[] };
  }),
);
for (let round = 0; round <= rounds; round++) {
  for (const { server, port, costs } of servers) {
    const before = cpuMs(server.pid) + cpuMs(keeper.pid);
    const run = new Program(wrk, ['-t1', '-c64', `-d${seconds}s`, `http://127.0.0.1:${port}/`]);
    await run.exited;
    const requests = Number(/(\d+) requests in/.exec(run.stdout)?.[1]);
    const spent = cpuMs(server.pid) + cpuMs(keeper.pid) - before;
    // The first round warms up.
    if (round > 0) costs.push((spent * 1000) / requests);
  }
}
for (const { server } of servers) await server.stop();
const without = servers[0]?.costs ?? [];
for (const { name, costs } of servers) {
  const ratio = median(costs.map((cost, i) => cost / (without[i] ?? Number.NaN)));
  console.log(
    `${name.padEnd(24)} ${median(costs).toFixed(1)} µs a request, ${ratio.toFixed(2)} of that without limits`,
  );
}

/** What a process has spent so far (proc_pid_stat(5): utime and stime, in hundredths of a second). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
