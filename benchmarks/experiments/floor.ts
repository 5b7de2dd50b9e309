/**
 * What a request costs at least in Node: the CPU time, in user mode and in the kernel, of sockets that parse nothing
 * and look for nothing, beside Highball and nginx with the same bytes. What is below this line only another runtime
 * can reach.
 *
 *     node -C @highball/source benchmarks/experiments/floor.ts [answer|proxy] [seconds] [rounds]
 */
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { LOAD_CPU } from '../cpu.ts';
import { prepareFolder } from '../folder.ts';
import { cpuParts } from '../processes.ts';
import { type Contender, startServer } from '../server.ts';
import { highballProxy, highballStatic } from '../servers/highball.ts';
import { nginxProxy, nginxStatic, nginxUpstream } from '../servers/nginx.ts';
import { node } from '../servers/others.ts';
import { median } from '../statistics.ts';
import { runWrk } from '../wrk.ts';

const [which = 'answer', seconds = '2', rounds = '3'] = process.argv.slice(2);
const programs = join(import.meta.dirname, 'programs');
const comparisons: Record<string, readonly Contender[]> = {
  answer: [node('net.Server, a canned answer', join(programs, 'canned.ts')), highballStatic, nginxStatic],
  proxy: [node('two net.Sockets, back to back', join(programs, 'relay.ts')), highballProxy, nginxProxy],
};
const contenders = comparisons[which];
if (contenders === undefined)
  throw new Error(`there are ${Object.keys(comparisons).join(' and ')}, not ${which}`);

await using folder = await temporaryFolder();
await prepareFolder(folder.path);
await using upstream = await startServer(nginxUpstream, { folder: folder.path, cpus: LOAD_CPU });
const costs = new Map(contenders.map(({ name }) => [name, { user: [], kernel: [], rate: [] } as Costs]));
await using stack = new AsyncDisposableStack();
const servers = [];
for (const contender of contenders) {
  servers.push(stack.use(await startServer(contender, { folder: folder.path, upstream: upstream.port })));
}
for (let round = -1; round < Number(rounds); round++) {
  for (const { name, port, pids } of servers) {
    const before = cpuParts(pids);
    const { requests, durationUs } = await runWrk(port, { connections: 64, client: 'browser', paths: ['/1k.html'] }, Number(seconds)); // prettier-ignore
    const after = cpuParts(pids);
    // The round before the first one warms up.
    if (round < 0) continue;
    const cost = costs.get(name);
    cost?.user.push(((after.userMs - before.userMs) * 1000) / requests);
    cost?.kernel.push(((after.kernelMs - before.kernelMs) * 1000) / requests);
    cost?.rate.push((requests / durationUs) * 1e6);
  }
}
console.table(
  Object.fromEntries(
    [...costs].map(([name, { user, kernel, rate }]) => [
      name,
      {
        'requests/s': Math.round(median(rate)),
        'CPU µs': Number((median(user) + median(kernel)).toFixed(1)),
        'user mode': Number(median(user).toFixed(1)),
        kernel: Number(median(kernel).toFixed(1)),
      },
    ]),
  ),
);

interface Costs {
  readonly user: number[];
  readonly kernel: number[];
  readonly rate: number[];
}
