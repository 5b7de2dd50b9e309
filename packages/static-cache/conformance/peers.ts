import { findPeer, freePort, nginxArguments } from '@highball/testkit';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Asked } from './ask-all.ts';

/** A server that is asked the same as ours. */
export interface Peer extends Asked {
  readonly name: string;
  stop(): Promise<void>;
}

type Start = () => Promise<{ child: ChildProcess; port: number }>;

async function makePeer(name: string, codings: readonly string[], start: Start): Promise<Peer> {
  let running = await start();
  return {
    name,
    codings,
    port: () => running.port,
    revive: async () => {
      if (running.child.exitCode === null && running.child.signalCode === null) return false;
      running = await start();
      return true;
    },
    stop: async () => {
      const { child } = running;
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill();
      // A thread that waits for somebody to write into a pipe keeps Caddy from ending by itself.
      const timer = setTimeout(() => child.kill('SIGKILL'), 1000);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** One of `servers/`, which prints its port. */
export async function nodePeer(
  name: string,
  script: string,
  root: string,
  codings: readonly string[],
): Promise<Peer> {
  return makePeer(name, codings, async () => {
    const args = ['-C', '@highball/source', join(import.meta.dirname, 'servers', script), root];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    return { child, port: Number(line.toString()) };
  });
}

/** nginx as Debian's nginx-light has it: with gzip_static, without Brotli. */
export async function nginxPeer(root: string, folder: string): Promise<Peer> {
  return makePeer('nginx', ['gzip'], async () => {
    const port = await freePort();
    const args = await nginxArguments(
      join(folder, 'nginx'),
      `types { text/html html; text/javascript js; image/svg+xml svg; text/plain txt; application/wasm wasm; }
charset utf-8; charset_types text/html text/javascript text/plain; gzip_static on; gzip_vary on; sendfile on;
server { listen 127.0.0.1:${port}; root ${root}; }`,
    );
    const child = spawn(findPeer('nginx') as string, args, { stdio: 'ignore' });
    await untilListening(port);
    return { child, port };
  });
}

/** Caddy with its file server, told of all codings. */
export async function caddyPeer(root: string, folder: string): Promise<Peer> {
  return makePeer('Caddy', ['gzip', 'br'], async () => {
    const port = await freePort();
    await mkdir(join(folder, 'caddy'), { recursive: true });
    const config = `{
  admin off
  auto_https off
  storage file_system ${folder}/caddy
}
http://:${port} {
  bind 127.0.0.1
  root * ${root}
  file_server {
    precompressed br zstd gzip
  }
}`;
    await writeFile(join(folder, 'caddy/Caddyfile'), config);
    const args = ['run', '--adapter', 'caddyfile', '--config', join(folder, 'caddy/Caddyfile')];
    const env = { ...process.env, XDG_DATA_HOME: `${folder}/caddy`, XDG_CONFIG_HOME: `${folder}/caddy` };
    const child = spawn('caddy', args, { stdio: 'ignore', env });
    await untilListening(port);
    return { child, port };
  });
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(port, '127.0.0.1');
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (connected) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nobody listens on port ${port}`);
}
