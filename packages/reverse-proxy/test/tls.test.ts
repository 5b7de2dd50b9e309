import { exchange, temporaryFolder } from '@highball/testkit';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ok, startProxy } from './support.ts';

/** Debian: openssl. */
const openssl = process.env['OPENSSL'] ?? 'openssl';
const hasOpenssl = spawnSync(openssl, ['version']).status === 0;
const get = 'GET / HTTP/1.1\r\nHost: site.example\r\nConnection: close\r\n\r\n';

describe.skipIf(!hasOpenssl)('an upstream over TLS (needs openssl)', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let cert: Buffer;
  let key: Buffer;

  beforeAll(async () => {
    folder = await temporaryFolder();
    const path = (name: string): string => join(folder.path, name);
    execFileSync(openssl, [
      'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
      '-subj', '/CN=app.internal', '-addext', 'subjectAltName=DNS:app.internal,DNS:localhost',
      '-keyout', path('key.pem'), '-out', path('cert.pem'),
    ], { stdio: 'ignore' }); // prettier-ignore
    cert = readFileSync(path('cert.pem'));
    key = readFileSync(path('key.pem'));
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  async function startServer(options = {}): Promise<{
    url: string;
    sockets: TLSSocket[];
    resumed: boolean[];
    [Symbol.asyncDispose](): Promise<void>;
  }> {
    const sockets: TLSSocket[] = [];
    const resumed: boolean[] = [];
    const server = createServer({ cert, key, ALPNProtocols: ['http/1.1'], ...options }, (socket) => {
      sockets.push(socket);
      resumed.push(socket.isSessionReused());
      socket.on('error', () => undefined);
      socket.on('data', () =>
        socket.end(ok(`${socket.servername}/${socket.alpnProtocol}`, 'Connection: close\r\n')),
      );
    });
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return {
      url: `https://localhost:${(server.address() as AddressInfo).port}`,
      sockets,
      resumed,
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy();
        server.close();
        await once(server, 'close');
      },
    };
  }

  test('is verified, and told the name and the protocol', async () => {
    await using upstream = await startServer();
    await using proxy = await startProxy([upstream.url], { tls: { ca: cert } });
    expect(await exchange(proxy.port, get)).toMatch(/localhost\/http\/1\.1$/);
  });

  test('with a name of its own', async () => {
    await using upstream = await startServer();
    await using proxy = await startProxy([upstream.url], { tls: { ca: cert, servername: 'app.internal' } });
    expect(await exchange(proxy.port, get)).toMatch(/app\.internal\/http\/1\.1$/);
  });

  test('that nobody vouches for: 502, and nothing was sent', async () => {
    await using upstream = await startServer();
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get)).toMatch(/^HTTP\/1\.1 502 /);
    expect(proxy.log.join()).toMatch(/self-signed|certificate/);
  });

  test('whose certificate is for another name: 502', async () => {
    await using upstream = await startServer();
    await using proxy = await startProxy([upstream.url], { tls: { ca: cert, servername: 'other.internal' } });
    expect(await exchange(proxy.port, get)).toMatch(/^HTTP\/1\.1 502 /);
  });

  test('sessions are resumed', async () => {
    await using upstream = await startServer();
    await using proxy = await startProxy([upstream.url], { tls: { ca: cert } });
    for (let i = 0; i < 3; i++) {
      expect(await exchange(proxy.port, get)).toMatch(/200 OK/);
    }
    expect(upstream.sockets).toHaveLength(3);
    expect(upstream.resumed).toEqual([false, true, true]);
  });

  test('a PROXY header goes ahead of the handshake', async () => {
    await using upstream = await startServer();
    await using proxy = await startProxy([upstream.url], { tls: { ca: cert }, proxyProtocol: 2 });
    // The server does not speak it: what it sees first is no handshake.
    expect(await exchange(proxy.port, get)).toMatch(/^HTTP\/1\.1 502 /);
    expect(upstream.sockets).toEqual([]);
  });
});
