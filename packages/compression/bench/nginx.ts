/**
 * The CPU that a compressed page costs, beside nginx with `gzip on` at the same level; one worker each, in turns.
 * CPU time and not requests a second: it means the same on a machine that has other things to do. Prints a Markdown
 * table of medians.
 *
 *     node -C @highball/source bench/nginx.ts [rounds] [seconds] [bytes]
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findPeer, freePort, missingPeers, nginxArguments } from '@highball/testkit';
import { startOfPage } from './texts.ts';

const [rounds = 5, seconds = 2, only] = process.argv.slice(2).map(Number);
const SIZES = only === undefined ? [1024, 10_240, 32_768, 102_400] : [only];
const run = promisify(execFile);
const missing = missingPeers('nginx', 'wrk');
if (missing !== undefined) throw new Error(missing);

interface Server {
  readonly port: number;
  readonly path: string;
  /** The processes that answer. */
  readonly pids: readonly number[];
  stop(): Promise<void>;
}

const folder = mkdtempSync(join(tmpdir(), 'highball-bench-'));

async function startOurs(bytes: number, coding: string): Promise<Server> {
  const program = join(import.meta.dirname, 'servers/page.ts');
  const child = spawn(process.execPath, ['-C', '@highball/source', program, String(bytes), coding], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const stop = async (): Promise<void> => {
    child.kill();
    await once(child, 'exit');
  };
  return { port: Number(line.toString()), path: '/', pids: [child.pid as number], stop };
}

async function startNginx(): Promise<Omit<Server, 'path'>> {
  const port = await freePort();
  for (const size of SIZES) writeFileSync(join(folder, `${size}.html`), startOfPage(size));
  const args = await nginxArguments(
    folder,
    `types { text/html html; } open_file_cache max=100; keepalive_requests 10000000;
gzip on; gzip_comp_level 5; gzip_min_length 1; gzip_vary on;
server { listen 127.0.0.1:${port}; root ${folder}; }`,
  );
  const child = spawn(findPeer('nginx') as string, args, { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').trim().split(' ');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return { port, pids: children.map(Number), stop };
}

/** utime and stime, in hundredths of a second (proc_pid_stat(5)). */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function cpuMs(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuOf(pid), 0);
}

/** @returns microseconds of the server's CPU for a request. */
async function measure({ port, path, pids }: Server, header: string): Promise<number> {
  const before = cpuMs(pids);
  const args = [
    '-t1',
    '-c32',
    `-d${seconds}s`,
    '-H',
    `Accept-Encoding: ${header}`,
    `http://127.0.0.1:${port}${path}`,
  ];
  const { stdout } = await run(findPeer('wrk') as string, args);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  return ((cpuMs(pids) - before) * 1000) / Number(/(\d+) requests in/.exec(stdout)?.[1]);
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const nginx = await startNginx();
console.log(
  '| bytes | nginx gzip 5, µs | ours gzip 5, x of nginx | ours br 5 | ours zstd 3 |\n|---|---|---|---|---|',
);
for (const size of SIZES) {
  const coded = await Promise.all(['gzip', 'br', 'zstd'].map((coding) => startOurs(size, coding)));
  const [gzip, br, zstd] = coded as [Server, Server, Server];
  const candidates: [Server, string][] = [
    [{ ...nginx, path: `/${size}.html` }, 'gzip'],
    [gzip, 'gzip'],
    [br, 'br'],
    [zstd, 'zstd'],
  ];
  const results = candidates.map(() => [] as number[]);
  for (let round = 0; round < rounds; round++)
    for (const [i, [server, header]] of candidates.entries()) results[i]?.push(await measure(server, header));
  const [base = Number.NaN, ...ours] = results.map(median);
  console.log(
    `| ${size} | ${base.toFixed(0)} | ${ours.map((value) => (value / base).toFixed(2)).join(' | ')} |`,
  );
  for (const server of coded) await server.stop();
}
await nginx.stop();
rmSync(folder, { recursive: true });
