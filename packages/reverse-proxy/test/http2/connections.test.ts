import { once } from 'node:events';
import { createSecureServer, createServer as createHttp2, type Http2SecureServer } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import {
  exchange,
  makeCertificate,
  missingPeers,
  temporaryFolder,
  type TestCertificate,
} from '@highball/testkit';
import { createBalancer } from '@highball/balancer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reverseProxy } from '../../src/index.ts';
import { echo, get, post, startProxy } from '../support.ts';
import { startHttp2 } from './support.ts';

async function listen(server: Server | Http2SecureServer): Promise<{ port: number } & AsyncDisposable> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

describe.skipIf(missingPeers('openssl'))('over TLS', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let certificate: TestCertificate;

  beforeAll(async () => {
    folder = await temporaryFolder();
    certificate = makeCertificate(folder.path, 'app', { names: ['localhost', 'app.internal'] });
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  test.each(['h2', 'grpcs'])('%s:// is verified, and agreed on by ALPN', async (scheme) => {
    const heads: unknown[] = [];
    const server = createSecureServer({ cert: certificate.cert, key: certificate.key }).on(
      'stream',
      (stream, headers) => {
        heads.push([headers[':scheme'], stream.session?.alpnProtocol]);
        stream.respond({ ':status': 200 });
        stream.end('hi');
      },
    );
    await using upstream = await listen(server);
    const url = `${scheme}://localhost:${upstream.port}`;
    await using proxy = await startProxy([url], { tls: { ca: certificate.cert } });
    for (let i = 0; i < 3; i++) expect(await exchange(proxy.port, get('/'))).toContain('hi');
    expect(heads).toEqual([['https', 'h2'], ['https', 'h2'], ['https', 'h2']]); // prettier-ignore
    await using other = await startProxy([url]);
    expect(await exchange(other.port, post('secret'))).toMatch(/^HTTP\/1\.1 502 /);
    expect(other.log.join()).toMatch(/self-signed|certificate/);
    expect(heads).toHaveLength(3);
  });

  test.each([
    ['of HTTP/1.1 alone', ['http/1.1']],
    ['without ALPN', undefined],
  ])('a server %s gets no request', async (_, ALPNProtocols) => {
    let asked = 0;
    const server = createHttps(
      { cert: certificate.cert, key: certificate.key, ...(ALPNProtocols && { ALPNProtocols }) },
      (request, response) => {
        asked++;
        response.end(request.method);
      },
    );
    if (ALPNProtocols === undefined) Object.assign(server, { ALPNProtocols: undefined });
    server.on('tlsClientError', () => undefined);
    await using upstream = await listen(server);
    await using proxy = await startProxy([`h2://localhost:${upstream.port}`], {
      tls: { ca: certificate.cert },
    });
    expect(await exchange(proxy.port, post('secret'))).toMatch(/^HTTP\/1\.1 502 /);
    expect(proxy.log.join()).toMatch(/ALPN|no application protocol/i);
    expect(asked).toBe(0);
  });
});

test.each(['h2c+unix', 'grpc+unix'])('%s: over a Unix socket', async (scheme) => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'app.sock');
  const server = createHttp2().on('stream', (stream, headers) => {
    stream.respond({ ':status': 200 });
    stream.end(headers[':authority']);
  });
  server.listen(path);
  await once(server, 'listening');
  await using proxy = await startProxy([`${scheme}:${path}`]);
  expect(await exchange(proxy.port, get('/'))).toContain('site.example');
  server.close();
});

test('an upstream that is not there is 502 for all that wait for it, and the next one is asked', async () => {
  await using upstream = await echo('other');
  await using alone = await startProxy(['h2c://127.0.0.1:1']);
  const answers = await Promise.all(Array.from({ length: 5 }, () => exchange(alone.port, get('/'))));
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 502 /);
  await using proxy = await startProxy(['h2c://127.0.0.1:1', upstream.url]);
  for (let i = 0; i < 3; i++) expect(await exchange(proxy.port, post('abc'))).toContain('other');
});

test('a PROXY header cannot say for whom a shared connection is', async () => {
  await using upstream = await startHttp2((stream) =>
    stream.respond({ ':status': 200 }, { endStream: true }),
  );
  await using proxy = await startProxy([upstream.url], { proxyProtocol: 1 });
  expect(await exchange(proxy.port, get('/'))).toMatch(/^HTTP\/1\.1 500 /);
  expect(proxy.errors).toEqual(['the application failed']);
  expect(upstream.heads).toEqual([]);
});

test('a mirror may speak HTTP/2', async () => {
  await using upstream = await echo('answer');
  const bodies: string[] = [];
  await using mirror = await startHttp2((stream) => {
    stream.on('data', (chunk) => bodies.push(String(chunk)));
    stream.on('end', () => {
      stream.respond({ ':status': 200 });
      stream.end('unheard');
    });
  });
  await using proxy = await startProxy([upstream.url], { mirror: { upstream: mirror.url } });
  expect(await exchange(proxy.port, post('copied'))).toContain('answer');
  await expect.poll(() => bodies).toEqual(['copied']);
});

test('a hedged request is answered by the quicker one, and cancelled at the other', async () => {
  const codes: number[] = [];
  await using slow = await startHttp2((stream) => stream.on('close', () => codes.push(stream.rstCode)));
  await using quick = await startHttp2((stream) => {
    stream.respond({ ':status': 200 });
    stream.end('quick');
  });
  await using proxy = await startProxy([slow.url, quick.url], { hedge: { delayMs: 30 } });
  for (let i = 0; i < 2; i++) expect(await exchange(proxy.port, get('/'))).toContain('quick');
  await expect.poll(() => codes[0]).toBe(8);
});

test.each([
  [{ maxStreams: 0 }, 'http2.maxStreams is 1 or more'],
  [{ windowBytes: 1000 }, 'http2.windowBytes is 65535 to 2147483647, not 1000'],
  [{ sessionWindowBytes: 2 ** 31 }, 'http2.sessionWindowBytes is'],
  [{ pingAfterMs: -1 }, 'pingAfterMs is a number of 0 or more'],
])('%j is refused', (http2, message) => {
  const picker = createBalancer({ peers: [{ id: 'h2c://127.0.0.1:1' }] });
  expect(() => reverseProxy({ picker, http2 })).toThrow(message);
});
