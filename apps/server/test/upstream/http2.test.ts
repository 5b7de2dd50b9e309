import { once } from 'node:events';
import { createSecureServer, createServer as createHttp2 } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { makeCertificate, missingPeers, temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { createUpstreams } from '../../src/site/upstreams.ts';
import { askByHttp2 } from '../../src/upstream/ask-http2.ts';
import type { Upstream } from '../../src/upstream/config.ts';
import { balance } from './support.ts';

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Asks a server on this port, plainly. */
function ask(port: number, signal: AbortSignal = new AbortController().signal): Promise<string | undefined> {
  const isUp = (status: number): boolean => status === 200;
  return askByHttp2(
    connect(port, '127.0.0.1'),
    { authority: 'a.example', path: '/health', tls: false, isUp },
    signal,
  );
}

describe('a check by HTTP/2', () => {
  test('asks for its path by its name, and goes by the status', async () => {
    const asked: unknown[] = [];
    let status = 200;
    const server = createHttp2().on('stream', (stream, headers) => {
      asked.push([headers[':method'], headers[':authority'], headers[':path'], headers['user-agent']]);
      stream.respond({ ':status': status });
      stream.end('fine');
    });
    const port = await listen(server as unknown as Server);
    expect(await ask(port)).toBeUndefined();
    status = 503;
    expect(await ask(port)).toBe('it answered 503');
    expect(asked[0]).toEqual(['GET', 'a.example', '/health', 'highball-health']);
    server.close();
    expect(await ask(port)).toContain('ECONNREFUSED');
  });

  test('finds down who speaks HTTP/1.1, who resets the stream, and who is silent for too long', async () => {
    const old = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 200 OK\r\n\r\n'));
    expect(await ask(await listen(old))).toMatch(/./);
    old.close();
    const resetting = createHttp2().on('stream', (stream) => stream.on('error', () => undefined).close(2));
    expect(await ask(await listen(resetting as unknown as Server))).toMatch(/INTERNAL_ERROR|closed/);
    resetting.close();
    const silent = createHttp2().on('stream', (stream) => stream.on('error', () => undefined));
    const port = await listen(silent as unknown as Server);
    const abort = new AbortController();
    const asked = ask(port, abort.signal);
    abort.abort('it was too slow');
    expect(await asked).toBe('it was too slow');
    silent.close();
  });

  test.skipIf(missingPeers('openssl'))('over TLS wants ALPN h2', async () => {
    await using folder = await temporaryFolder();
    const { cert, key } = makeCertificate(folder.path, 'app');
    const modern = createSecureServer({ cert, key }).on('stream', (stream) =>
      stream.respond({ ':status': 200 }, { endStream: true }),
    );
    const old = createHttps({ cert, key });
    old.on('tlsClientError', () => undefined);
    const problems: (string | undefined)[] = [];
    for (const server of [modern as unknown as Server, old as unknown as Server]) {
      const port = await listen(server);
      const socket = tlsConnect({ port, host: '127.0.0.1', ca: cert, ALPNProtocols: ['h2'] });
      const question = { authority: 'a', path: '/', tls: true, isUp: () => true };
      problems.push(await askByHttp2(socket, question, new AbortController().signal));
      server.close();
    }
    expect(problems[0]).toBeUndefined();
    expect(problems[1]).toMatch(/./);
  });
});

test('a server of HTTP/2 is checked by HTTP/2, taken out when it is ill, and brought back', async () => {
  let status = 200;
  const paths = new Set<unknown>();
  const server = createHttp2().on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    paths.add(headers[':path']);
    stream.respond({ ':status': headers[':path'] === '/health' ? status : 200 });
    stream.end('two');
  });
  const port = await listen(server as unknown as Server);
  const check = "{ path: '/health', intervalMs: 100, rise: 1, fall: 1, jitter: 0 }";
  await using site = await balance(
    `{ servers: ['h2c://127.0.0.1:${port}'], health: { panicThreshold: 0, check: ${check} } }`,
  );
  expect((await site.ask(1))[0]).toContain('two');
  status = 500;
  await site.program.until(/is down: it answered 500/);
  await expect
    .poll(async () => (await site.status()).servers[0], { timeout: 10_000 })
    .toMatchObject({ state: 'down', why: 'it answered 500' });
  status = 200;
  await site.program.until(/is up/);
  expect((await site.ask(1))[0]).toContain('two');
  expect(paths).toEqual(new Set(['/health', '/']));
  server.close();
});

test.each<[Upstream, string]>([
  [
    { servers: ['grpc://127.0.0.1:1'], forward: { proxyProtocol: 2 } },
    "upstream 'site': 'grpc://127.0.0.1:1' shares its connections among clients: proxyProtocol goes with http:// and https://",
  ],
  [
    { servers: ['h2c://127.0.0.1:1'], forward: { http2: { windowBytes: 1 } } },
    "upstream 'site': http2.windowBytes is 65535 to",
  ],
  [{ servers: ['h2+unix:/run/app.sock'] }, "'h2+unix:/run/app.sock' is no upstream; write http://HOST:PORT"],
])('%j is refused with the upstream and the mend', async (upstream, message) => {
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  const config = { upstreams: { site: upstream }, routes: [{ proxy: 'site' }] };
  await expect(createUpstreams(config, { addresses: {}, folder: '.', log: log as never })).rejects.toThrow(
    message,
  );
});

test('a route that would send a PROXY header to a server of HTTP/2 is refused, too', async () => {
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  const config = { upstreams: { site: { servers: ['h2c://127.0.0.1:1'] } }, routes: [{ proxy: 'site' }] };
  const upstreams = await createUpstreams(config, { addresses: {}, folder: '.', log: log as never });
  expect(upstreams.application('site', { readTimeoutMs: 1 })).toBeTypeOf('function');
  expect(() => upstreams.application('site', { proxyProtocol: 1 })).toThrow('not with HTTP/2');
  upstreams.close();
});
