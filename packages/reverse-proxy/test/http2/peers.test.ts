import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import {
  exchange,
  findPeer,
  freePort,
  missingPeers,
  nginxArguments,
  type Peer,
  Program,
  Resources,
  temporaryFolder,
} from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { get, post, startProxy } from '../support.ts';

/** How a server is made to speak HTTP/2 without TLS on a port, before another behind it. */
type Configure = (folder: string, port: number, behind: number) => Promise<string[]>;

const haproxy: Configure = async (folder, port, behind) => {
  const file = join(folder, 'haproxy.cfg');
  await writeFile(
    file,
    `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:${port} proto h2
  default_backend behind
backend behind
  server one 127.0.0.1:${behind}
`,
  );
  return ['-db', '-f', file];
};

const caddy: Configure = async (folder, port, behind) => {
  const file = join(folder, 'Caddyfile');
  await writeFile(
    file,
    `{
  admin off
  auto_https off
  servers {
    protocols h1 h2c
  }
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:${behind}
}
`,
  );
  return ['run', '--config', file, '--adapter', 'caddyfile'];
};

const nginx: Configure = (folder, port, behind) =>
  nginxArguments(
    folder,
    `keepalive_requests 40; client_max_body_size 0;
server { listen 127.0.0.1:${port} http2; location / { proxy_pass http://127.0.0.1:${behind}; } }`,
  );

/** Echoes a request: its method, how many bytes it had, and as many bytes as its path says. */
async function startBehind(): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer(async (request, response) => {
    let bytes = 0;
    for await (const chunk of request) bytes += (chunk as Buffer).length;
    const wanted = Number(request.url?.slice(1));
    response.end(`${request.method} ${bytes} ${'x'.repeat(wanted)}`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function accepts(port: number): Promise<void> {
  for (let i = 0; i < 500; i++) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      // Not yet.
    } finally {
      socket.destroy();
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function start(name: Peer, configure: Configure): Promise<{ url: string } & AsyncDisposable> {
  const resources = new Resources();
  const folder = resources.use(await temporaryFolder());
  const behind = resources.use(await startBehind());
  const port = await freePort();
  resources.use(
    new Program(findPeer(name) as string, await configure(folder.path, port, behind.port), {
      env: { HOME: folder.path },
    }),
  );
  await accepts(port);
  return { url: `h2c://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => resources[Symbol.asyncDispose]() };
}

/** The body of an answer, whose framing is the client's side's business. */
const sizeOf = (answer: string): number => answer.match(/x/g)?.length ?? 0;

describe.each<[Peer, Configure]>([
  ['nginx', nginx],
  ['haproxy', haproxy],
  ['caddy', caddy],
])('%s, spoken to by HTTP/2', (name, configure) => {
  test.skipIf(missingPeers(name))(
    'answers, takes bodies and sends them, one at a time and many',
    async () => {
      await using upstream = await start(name, configure);
      await using proxy = await startProxy([upstream.url]);
      expect(await exchange(proxy.port, get('/0'))).toContain('GET 0 ');
      expect(await exchange(proxy.port, get('/5', '', 'HEAD'))).toMatch(
        /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n$/,
      );
      const big = await exchange(proxy.port, get('/3000000'), 20_000);
      expect(sizeOf(big.slice(big.indexOf('\r\n\r\n')))).toBe(3_000_000);
      expect(
        await exchange(proxy.port, post('y'.repeat(3_000_000)).replace(' / ', ' /0 '), 20_000),
      ).toContain('POST 3000000 ');
      // nginx says GOAWAY after every 40: nothing is lost by that.
      for (let round = 0; round < 10; round++) {
        const answers = await Promise.all(
          Array.from({ length: 12 }, (_, i) =>
            exchange(proxy.port, i % 2 === 0 ? get('/9') : post('abc').replace(' / ', ' /9 ')),
          ),
        );
        for (const [i, answer] of answers.entries())
          expect(answer).toContain(i % 2 === 0 ? 'GET 0 xxxxxxxxx' : 'POST 3 xxxxxxxxx');
      }
      expect(proxy.log.filter((line) => !line.includes('not taken'))).toEqual([]);
    },
  );
});
