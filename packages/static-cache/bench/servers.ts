import { findPeer, freePort, nginxArguments } from '@highball/testkit';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A server under measurement, on CPU 0. */
export interface BenchServer {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
  /** CPU time used by it and its children up to now, to a hundredth of a second. */
  cpuMs(): number;
  stop(): Promise<void>;
}

/** Ours: one process. */
export async function startHighball(root: string): Promise<BenchServer> {
  const script = join(import.meta.dirname, 'servers/highball.ts');
  const node = [process.execPath, '--expose-gc', '-C', '@highball/source', script, root];
  const [command = '', ...args] = onCpu(0, node);
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
  return serverOf('static-cache', Number(line.toString()), child);
}

/** nginx with one worker, sendfile and its cache of open files. */
export async function startNginx(root: string, folder: string): Promise<BenchServer> {
  const port = await freePort();
  const http = `sendfile on; tcp_nopush on; etag on; keepalive_requests 1000000;
open_file_cache max=1000 inactive=60s; open_file_cache_valid 1s; open_file_cache_errors on;
types { text/html html; text/plain txt; }
server { listen 127.0.0.1:${port}; root ${root}; location / { expires -1; } }`;
  const nginx = [findPeer('nginx') as string, ...(await nginxArguments(folder, http))];
  const [command = '', ...args] = onCpu(0, nginx);
  const child = spawn(command, args, { stdio: 'ignore' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  return serverOf('nginx', port, child);
}

function serverOf(name: string, port: number, child: ChildProcess): BenchServer {
  return {
    name,
    port,
    child,
    cpuMs: () => {
      const pid = child.pid as number;
      const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
      return [String(pid), ...children.split(' ').filter(Boolean)]
        .map((each) => {
          const stat = readFileSync(`/proc/${each}/stat`, 'latin1').replace(/^.*\) /s, '');
          const fields = stat.split(' ');
          return (Number(fields[11]) + Number(fields[12])) * 10;
        })
        .reduce((sum, ms) => sum + ms, 0);
    },
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

/** Server and load on CPUs of their own. */
export function onCpu(cpu: number, command: readonly string[]): string[] {
  return existsSync('/usr/bin/taskset') ? ['/usr/bin/taskset', '-c', String(cpu), ...command] : [...command];
}
