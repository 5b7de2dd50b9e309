import { join } from 'node:path';
import { haproxyArguments } from '@highball/testkit';
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
    const args = await haproxyArguments(join(folder, `haproxy-${port}`), { port, upstream });
    return [{ argv: [programOf('haproxy'), ...args] }];
  },
};
