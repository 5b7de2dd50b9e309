// Requests a second through one proxy process each, in one run: ours, nginx and HAProxy, in front of the same nginx
// that answers 1 KB from memory over kept-alive connections. From the root of the repository:
//   node -C @highball/source packages/reverse-proxy/bench/proxies.ts [seconds] [rounds]
// Needs nginx, haproxy and wrk. The proxy has a CPU for itself where taskset is installed.
import { freePort, haproxyArguments, missingPeers, nginxArguments } from '@highball/testkit';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const missing = missingPeers('nginx', 'wrk');
if (missing !== undefined) throw new Error(`this bench ${missing}`);

const seconds = Number(process.argv[2] ?? 3);
const rounds = Number(process.argv[3] ?? 3);
const folder = mkdtempSync(join(tmpdir(), 'highball-bench-'));

const onCpu = (cpu: number, command: readonly string[]): string[] =>
  existsSync('/usr/bin/taskset') ? ['/usr/bin/taskset', '-c', String(cpu), ...command] : [...command];

function start(cpu: number, command: readonly string[]): ReturnType<typeof spawn> {
  const [program = '', ...args] = onCpu(cpu, command);
  return spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The command of nginx with what these lines say, in a folder of its own. */
async function nginx(name: string, http: string): Promise<string[]> {
  const args = await nginxArguments(join(folder, name), `keepalive_requests 10000000; ${http}`);
  return ['/usr/sbin/nginx', ...args];
}

const [origin, viaNginx, viaHaproxy] = [await freePort(), await freePort(), await freePort()];
const children = [
  // The upstream and the load share the other CPU.
  start(1, await nginx('origin', `server { listen 127.0.0.1:${origin}; return 200 "${'x'.repeat(1024)}"; }`)),
  start(
    0,
    await nginx(
      'proxy',
      `upstream up { server 127.0.0.1:${origin}; keepalive 1024; keepalive_requests 10000000; }
server { listen 127.0.0.1:${viaNginx}; location / { proxy_pass http://up; proxy_http_version 1.1;
proxy_set_header Connection ""; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host; proxy_set_header X-Request-Id $request_id; } }`,
    ),
  ),
];
const targets: [name: string, port: number][] = [['nginx', viaNginx]];
if (existsSync('/usr/sbin/haproxy')) {
  const args = await haproxyArguments(join(folder, 'haproxy'), { port: viaHaproxy, upstream: origin });
  children.push(start(0, ['/usr/sbin/haproxy', ...args]));
  targets.push(['haproxy', viaHaproxy]);
}
const ours = start(0, [
  process.execPath,
  '-C',
  '@highball/source',
  `${import.meta.dirname}/servers/highball.ts`,
  String(origin),
]);
children.push(ours);
const [line] = (await once(ours.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
targets.push(['highball', Number(line.toString())]);

const script = join(import.meta.dirname, '../../async-worker/bench/browser-request.lua');
function load(port: number, duration: number): number {
  const wrk = ['wrk', '-t1', '-c64', `-d${duration}s`, '-s', script, `http://127.0.0.1:${port}/`];
  const [program = '', ...args] = onCpu(1, wrk);
  const out = execFileSync(program, args).toString();
  if (/Non-2xx|Socket errors/.test(out)) throw new Error(out);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(out)?.[1]);
}

try {
  const results = new Map<string, number[]>(targets.map(([name]) => [name, []]));
  for (const [, port] of targets) load(port, 1);
  for (let round = 0; round < rounds; round++) {
    for (const [name, port] of targets) results.get(name)?.push(load(port, seconds));
  }
  const medianOf = (name: string): number =>
    results.get(name)?.toSorted((a, b) => a - b)[rounds >> 1] ?? Number.NaN;
  for (const [name] of targets) {
    const rate = medianOf(name);
    console.log(
      `${name.padEnd(10)} ${rate.toFixed(0).padStart(8)} requests/s  ${(rate / medianOf('nginx')).toFixed(2)} of nginx`,
    );
  }
} finally {
  for (const child of children) child.kill();
  await Promise.all(children.map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
  rmSync(folder, { recursive: true, force: true });
}
