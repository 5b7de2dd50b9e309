import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { programOf } from '../peers.ts';
import type { Contender } from '../server.ts';

/** A program on node:http, by itself. */
export function node(name: string, program: string): Contender {
  return {
    name,
    needs: [],
    prepare: ({ port, upstream }) => [
      { argv: [process.execPath, program], env: { PORT: String(port), UPSTREAM: String(upstream) } },
    ],
  };
}

/** gunicorn with one worker of the class gthread: one process that keeps connections. */
export function gunicorn(name: string, app: string, needs: Contender['needs'] = []): Contender {
  const options = ['-w', '1', '-k', 'gthread', '--threads', '8', '--worker-connections', '4096'];
  return {
    name,
    needs: ['gunicorn', ...needs],
    prepare: ({ port }) => [
      {
        argv: [programOf('gunicorn'), ...options, '--keep-alive', '75', '-b', `127.0.0.1:${port}`, app],
      },
    ],
  };
}

export const bun: Contender = {
  name: 'Bun.serve',
  needs: ['bun'],
  prepare: ({ port }) => [{ argv: [programOf('bun'), 'hello-bun.ts'], env: { PORT: String(port) } }],
};

/** One thread, connections to the server behind shared by all clients. */
export const haproxy: Contender = {
  name: 'HAProxy',
  needs: ['haproxy'],
  prepare: async ({ folder, port, upstream }) => {
    const file = join(folder, `haproxy-${port}.cfg`);
    await writeFile(
      file,
      `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  option forwardfor
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:${port}
  default_backend behind
backend behind
  http-reuse always
  server one 127.0.0.1:${upstream}
`,
    );
    return [{ argv: [programOf('haproxy'), '-db', '-f', file] }];
  },
};
