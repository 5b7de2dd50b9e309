/**
 * How long servers take from their start to the first answer, which is looked for every 50 ms, and what memory their
 * processes take then and under load: Highball, installed as a user has it, beside gunicorn and node:http, in turns.
 *
 *     node -C @highball/source benchmarks/experiments/start.ts [rounds] [seconds of load]
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { temporaryFolder } from '@highball/testkit';
import { prepareFolder } from '../folder.ts';
import { missing } from '../peers.ts';
import { type Contender, type RunningServer, startServer } from '../server.ts';
import { highballStatic, serve } from '../servers/highball.ts';
import { gunicorn, node } from '../servers/others.ts';
import { median } from '../statistics.ts';
import { runWrk } from '../wrk.ts';

const [rounds = '3', seconds = '2'] = process.argv.slice(2);
const SETTLE_MS = 1000;
const servers: readonly [contender: Contender, path: string][] = [
  [{ ...serve('hello.ts:app'), name: 'highball serve, hello' }, '/'],
  [node('node:http, hello', 'hello-node.ts'), '/'],
  [gunicorn('gunicorn, hello', 'hello:app'), '/'],
  [{ ...serve('hello-express.ts'), name: 'highball serve, Express' }, '/articles/2026/11/start'],
  [node('Express on node:http', 'hello-express.ts'), '/articles/2026/11/start'],
  [gunicorn('gunicorn, Flask', 'page:app', ['flask']), '/'],
  [{ ...highballStatic, name: 'highball static' }, '/1k.html'],
];

/** What nobody shares with the processes, so that it is theirs alone: Private_Dirty of proc_pid_smaps(5), in MB. */
function privateMb({ pids }: RunningServer): number {
  const kilobytes = pids.map((pid) => {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    return Number(/^Private_Dirty:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  });
  return kilobytes.reduce((sum, each) => sum + each, 0) / 1024;
}

const residentMb = (server: RunningServer): number => server.residentBytes() / 2 ** 20;

async function measure(contender: Contender, path: string, folder: string): Promise<number[]> {
  const begun = performance.now();
  await using server = await startServer(contender, { folder });
  const start = [performance.now() - begun, server.cpuMs()];
  await delay(SETTLE_MS);
  const idle = [residentMb(server), privateMb(server)];
  await runWrk(server.port, { connections: 64, client: 'browser', paths: [path] }, Number(seconds));
  return [...start, ...idle, residentMb(server), privateMb(server)];
}

await using folder = await temporaryFolder();
await prepareFolder(folder.path);
const results = new Map(
  servers.filter(([{ needs }]) => missing(needs).length === 0).map((server) => [server, [] as number[][]]),
);
for (let round = 0; round < Number(rounds); round++) {
  for (const [[contender, path], figures] of results)
    figures.push(await measure(contender, path, folder.path));
}
console.log(
  '                          first answer   CPU   idle MB: resident  private   loaded: resident  private',
);
for (const [[{ name }], figures] of results) {
  const cells = [0, 1, 2, 3, 4, 5].map((column) => median(figures.map((row) => row[column] ?? 0)).toFixed(0));
  const [first = '', cpu = '', ...memory] = cells;
  const widths = [18, 9, 19, 9];
  const text = memory.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('');
  console.log(`${name.padEnd(26)}${`${first} ms`.padStart(12)}${`${cpu} ms`.padStart(8)}${text}`);
}
