import { join } from 'node:path';
import { nginxArguments } from '@highball/testkit';
import { programOf } from '../peers.ts';
import type { Command, Contender, Place } from '../server.ts';

/** Kept connections of a proxy to what is behind it, and requests on each. */
const KEEPALIVE = 'keepalive 1024; keepalive_requests 1000000000;';
const PASS = `proxy_http_version 1.1; proxy_set_header Connection "";
proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host;`;

/** Files with nginx's cache of open files, and by sendfile. */
const FILES = `sendfile on; tcp_nopush on; etag on;
open_file_cache max=1000 inactive=60s; open_file_cache_valid 1s; open_file_cache_errors on;
types { text/html html; text/css css; image/svg+xml svg; }`;

/** One worker with what these lines say in its `http` block. */
async function nginx({ folder, port }: Place, http: string): Promise<Command> {
  const args = await nginxArguments(join(folder, `nginx-${port}`), `keepalive_requests 1000000000; ${http}`, {
    connections: 4096,
  });
  return { argv: [programOf('nginx'), ...args] };
}

/** nginx alone, with what its configuration says for the place where it runs. */
function nginxOnly(name: string, http: (place: Place) => string): Contender {
  return {
    name,
    needs: ['nginx'],
    prepare: async (place) => [await nginx(place, http(place))],
  };
}

export const nginxStatic: Contender = nginxOnly(
  'nginx',
  ({ port, folder }) => `${FILES} server { listen 127.0.0.1:${port}; root ${folder}/files; }`,
);

export const nginxProxy: Contender = nginxOnly(
  'nginx',
  ({ port, upstream }) => `upstream up { server 127.0.0.1:${upstream}; ${KEEPALIVE} }
server { listen 127.0.0.1:${port}; location / { proxy_pass http://up; ${PASS} } }`,
);

/** Answers 1 KB from memory: what proxies have behind them. */
export const nginxUpstream: Contender = nginxOnly(
  'nginx, as upstream',
  ({ port }) =>
    `server { listen 127.0.0.1:${port}; default_type text/html; return 200 "${'x'.repeat(1024)}"; }`,
);

/** Files by nginx, everything else from a server behind it. */
export function nginxBefore(name: string, behind: Omit<Contender, 'name'>): Contender {
  return {
    name,
    needs: ['nginx', ...behind.needs],
    prepare: async (place) => [
      ...(await behind.prepare({ ...place, port: place.behind })),
      await nginx(
        place,
        `${FILES}
upstream site { server 127.0.0.1:${place.behind}; ${KEEPALIVE} }
server {
listen 127.0.0.1:${place.port};
location /static/ { alias ${place.folder}/files/; }
location / { proxy_pass http://site; ${PASS} }
}`,
      ),
    ],
  };
}
