import { findPeer, freePort, nginxArguments } from '@highball/testkit';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from './support.ts';

/** Starts nginx with one worker and its own defaults; `/upload` goes on to a worker of ours, which nobody attacks. */
export async function startNginx(): Promise<{
  port: number;
  memory(): Promise<{ rss: number }>;
  stop(): Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'highball-bench-'));
  const upstream = await startServer('slow-clients-highball');
  const port = await freePort();
  await writeFile(join(folder, 'large'), Buffer.alloc(8_388_608, 'x'));
  const args = await nginxArguments(folder, sites(folder, port, upstream.port), {
    main: 'worker_rlimit_nofile 10000;',
    connections: 4096,
  });
  const nginx = spawn(findPeer('nginx') as string, args, { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  return {
    port,
    memory: async () => ({ rss: await residentBytes(nginx.pid as number) }),
    stop: async () => {
      nginx.kill('SIGTERM');
      await once(nginx, 'exit');
      await upstream.stop();
      await rm(folder, { recursive: true });
    },
  };
}

function sites(folder: string, port: number, upstreamPort: number): string {
  return `server {
  listen 127.0.0.1:${port};
  root ${folder};
  location = / { return 200 "Hello, World!"; }
  location /upload { proxy_pass http://127.0.0.1:${upstreamPort}; }
}`;
}

/** Memory of a process and its children. */
async function residentBytes(pid: number): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'latin1').catch(() => '');
  const pids = [String(pid), ...children.trim().split(' ').filter(Boolean)];
  const sizes = await Promise.all(
    pids.map(async (each) => /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${each}/status`, 'latin1'))?.[1]),
  );
  return sizes.reduce((sum, size) => sum + Number(size ?? 0) * 1024, 0);
}
