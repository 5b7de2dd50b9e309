import { createWorker } from '@highball/async-worker';
import { createBalancer } from '@highball/balancer';
import { reverseProxy } from '@highball/reverse-proxy';
import { freePort, haproxyArguments, nginxArguments } from '@highball/testkit';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Agent, createServer } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProxyServer } from 'http-proxy-3';

/** A proxy in front of the upstream, with a silence of one second allowed. */
export interface RunningProxy {
  readonly name: string;
  readonly port: number;
  stop(): Promise<void>;
}

const quiet = (): void => undefined;

/** Ours, in this process, as `highball proxy` composes it; the test's own address is not a trusted one. */
export async function startOurs(upstream: number): Promise<RunningProxy> {
  const picker = createBalancer({ peers: [{ id: `http://127.0.0.1:${upstream}` }] });
  const worker = createWorker(reverseProxy({ picker, readTimeoutMs: 1000 }), {
    environ: { forwardedAllowIps: [] },
    log: { error: quiet, warn: quiet, info: quiet, debug: quiet },
  });
  const { port } = await worker.listen({ port: 0, host: '127.0.0.1' });
  return { name: '**Highball**', port, stop: () => worker.close() };
}

export async function startHttpProxy3(upstream: number): Promise<RunningProxy> {
  const agent = new Agent({ keepAlive: true });
  const proxy = createProxyServer({
    target: `http://127.0.0.1:${upstream}`,
    agent,
    proxyTimeout: 1000,
    xfwd: false,
  });
  proxy.on('error', (_error, _request, response) => {
    if ('writeHead' in response && !response.headersSent) response.writeHead(502).end();
  });
  const server = createServer((request, response) => void proxy.web(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    name: 'http-proxy-3',
    port,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      agent.destroy();
    },
  };
}

export async function startNginx(upstream: number): Promise<RunningProxy> {
  return await run('nginx', ['-v'], /nginx\/([\d.]+)/, (port, folder) =>
    nginxArguments(
      folder,
      `upstream up { server 127.0.0.1:${upstream} max_fails=0; keepalive 16; }
server {
  listen 127.0.0.1:${port};
  location / {
    proxy_pass http://up;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_read_timeout 1s;
  }
}`,
    ),
  );
}

export async function startHaproxy(upstream: number): Promise<RunningProxy> {
  return await run('haproxy', ['-v'], /version ([\d.]+)/, (port, folder) =>
    haproxyArguments(folder, {
      port,
      upstream,
      connectTimeoutMs: 1000,
      clientTimeoutMs: 10_000,
      serverTimeoutMs: 1000,
    }),
  );
}

export async function startCaddy(upstream: number): Promise<RunningProxy> {
  return await run('caddy', ['version'], /v?([\d.]+)/, async (port, folder) => {
    await writeFile(
      join(folder, 'Caddyfile'),
      `{
  admin off
  auto_https off
}
http://127.0.0.1:${port}, http://site.example:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${upstream} {
    transport http {
      response_header_timeout 1s
    }
  }
}
`,
    );
    return ['run', '--config', join(folder, 'Caddyfile'), '--adapter', 'caddyfile'];
  });
}

/** Starts a program in the foreground with a configuration of its own, and waits until it listens. */
async function run(
  program: string,
  ask: readonly string[],
  version: RegExp,
  configure: (port: number, folder: string) => Promise<string[]>,
): Promise<RunningProxy> {
  const path = findProgram(program);
  const folder = mkdtempSync(join(tmpdir(), 'highball-defects-'));
  const port = await freePort();
  const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const child = spawn(path, await configure(port, folder), { stdio: 'ignore', env });
  await listening(child, port);
  return {
    name: `${program} ${versionOf(path, ask, version)}`,
    port,
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      clearTimeout(timer);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function findProgram(program: string): string {
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin`;
  return execFileSync('/bin/sh', ['-c', `command -v ${program}`], { env: { PATH: path } })
    .toString()
    .trim();
}

function versionOf(path: string, ask: readonly string[], version: RegExp): string {
  const out = execFileSync('/bin/sh', ['-c', `${path} ${ask.join(' ')} 2>&1`]).toString();
  return version.exec(out)?.[1] ?? '';
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`);
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${child.spawnfile} does not listen`);
}
