import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { describe, expect, test } from 'vitest';
import { bodyOf, echoBody, echoPath, get, last, request, statusesOf, until } from '../support.ts';
import { exchangeTls, people, serveTls, TlsClient } from './support.ts';

const certificates = people();
const trusting = (): { ca: string } => ({ ca: certificates.authority.cert });

describe('a worker with a certificate', () => {
  test('answers requests over TLS', async () => {
    await using server = await serveTls(echoPath, certificates.server);
    const answer = await exchangeTls(server.port, last('/hello'), trusting());
    expect(statusesOf(answer)).toEqual([200]);
    expect(bodyOf(answer)).toBe('/hello');
  });

  test('keeps the connection, and answers pipelined requests in order', async () => {
    await using server = await serveTls(echoPath, certificates.server);
    const client = await TlsClient.connect(server.port, trusting());
    client.send(get('/1') + get('/2'));
    await until(() => client.received.endsWith('/2'));
    client.send(last('/3'));
    await client.closed;
    expect([...client.received.matchAll(/\r\n\r\n(\/\d)/g)].map(([, path]) => path)).toEqual([
      '/1',
      '/2',
      '/3',
    ]);
    expect(server.worker.stats().requests).toBe(3);
  });

  test('takes large bodies, and sends large ones', async () => {
    await using server = await serveTls(echoBody, certificates.server);
    const body = 'x'.repeat(10_000_000);
    const answer = await exchangeTls(
      server.port,
      request('POST', '/', ['Connection: close'], body),
      trusting(),
    );
    expect(bodyOf(answer) === body).toBe(true);
  });

  test('says with close_notify that an answer is complete, and reads on from who is still sending', async () => {
    await using server = await serveTls(echoPath, certificates.server, { maxBodyBytes: 1000 });
    const client = await TlsClient.connect(server.port, trusting());
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n');
    for (let i = 0; i < 200; i++) {
      client.send(Buffer.alloc(50_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.closed;
    expect(client.error).toBeUndefined();
    expect(statusesOf(client.received)).toEqual([413]);
    client.socket.end();
    await until(() => server.worker.stats().connections === 0);
  });
});

describe('HTTP/2', () => {
  const get2 = async (
    port: number,
    path: string,
  ): Promise<[status: unknown, body: string, alpn: unknown]> => {
    const session = connectHttp2(`https://localhost:${port}`, trusting());
    const stream = session.request({ ':path': path });
    const [fields] = (await once(stream, 'response')) as [Record<string, unknown>];
    let body = '';
    for await (const piece of stream) body += String(piece);
    session.close();
    return [fields[':status'], body, session.alpnProtocol];
  };

  test('is spoken with clients that ask for it', async () => {
    await using server = await serveTls((environ, start) => {
      start('200 OK', []);
      return [`${environ.SERVER_PROTOCOL} ${environ['wsgi.url_scheme']} ${String(environ['SSL_PROTOCOL'])}`];
    }, certificates.server);
    expect(await get2(server.port, '/')).toEqual([200, 'HTTP/2 https TLSv1.3', 'h2']);
  });

  test('is not offered without the option', async () => {
    await using server = await serveTls(echoPath, certificates.server, { http2: false });
    const client = await TlsClient.connect(server.port, { ...trusting(), ALPNProtocols: ['h2', 'http/1.1'] });
    expect(client.socket.alpnProtocol).toBe('http/1.1');
    client.socket.destroy();
  });

  test('a client whose certificate is missing gets no frames', async () => {
    await using server = await serveTls(echoPath, certificates.server, {
      tls: { clientCertificates: 'required', ca: certificates.authority.cert },
    });
    const client = await TlsClient.connect(server.port, { ...trusting(), ALPNProtocols: ['h2'] });
    await client.closed;
    client.socket.destroy();
    expect(client.received).toBe('');
    await until(() => server.worker.stats().connections === 0);
    expect(server.records).toEqual([]);
  });
});
