import { connect as connectByNode } from 'node:net';
import { exchange, freePort, RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import type { ReverseProxyOptions } from '../src/index.ts';
import { get, headEnd, ok, startProxy, startUpstream } from './support.ts';

describe('an upstream that fails', () => {
  test('cannot be reached: 502, and its address does not show', async () => {
    const port = await freePort();
    await using proxy = await startProxy([`http://127.0.0.1:${port}`]);
    const answer = await exchange(proxy.port, get('/'));
    expect(answer).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    expect(answer).not.toContain(String(port));
    expect(proxy.log.join()).toContain('ECONNREFUSED');
  });

  test.each([
    ['resets', ''],
    ['says nonsense', 'SSH-2.0-OpenSSH_9\r\n'],
    ['breaks off in its head', 'HTTP/1.1 200 OK\r\nX: '],
    ['sends both lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['switches protocols unasked', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ])('%s: 502', async (_, response) => {
    await using upstream = await startUpstream((socket) => void socket.end(response));
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get('/', 'Content-Length: 1\r\n', 'POST') + 'x')).toMatch(
      /^HTTP\/1\.1 502 /,
    );
  });

  test('hangs: 504', async () => {
    await using upstream = await startUpstream(() => undefined);
    await using proxy = await startProxy([upstream.url], { readTimeoutMs: 100 });
    expect(await exchange(proxy.port, get('/'))).toMatch(/^HTTP\/1\.1 504 Gateway Timeout\r\n/);
  });

  test.each([
    ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf'],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
  ])('dies in a body with %s: the client can tell', async (_, response) => {
    await using upstream = await startUpstream((socket) => void socket.end(response));
    await using proxy = await startProxy([upstream.url]);
    const client = await RawClient.connect(proxy.port);
    client.send(get('/'));
    await client.closed;
    expect(client.received).not.toMatch(/\r\n0\r\n/);
    expect(client.received.split(headEnd)[1]?.length ?? 0).toBeLessThan(100);
    client.destroy();
  });

  test('is reset in a body that ends with the connection: the client can tell', async () => {
    await using upstream = await startUpstream((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhalf');
      socket.resetAndDestroy();
    });
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get('/'))).not.toMatch(/\r\n0\r\n/);
  });

  test('is reset, which Node 22 may report as an end: the client can tell', async () => {
    await using upstream = await startUpstream((socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\nhalf'));
    // As a socket is then: without a peer.
    const connect: NonNullable<ReverseProxyOptions['connect']> = (target) =>
      Object.defineProperty(connectByNode({ ...target }), 'remoteAddress', { value: undefined });
    await using proxy = await startProxy([upstream.url], { connect });
    expect(await exchange(proxy.port, get('/'))).not.toMatch(/\r\n0\r\n/);
    expect(proxy.log.join()).toContain('the upstream reset the connection');
  });

  test('no upstream: 503', async () => {
    await using proxy = await startProxy([]);
    expect(await exchange(proxy.port, get('/'))).toMatch(/^HTTP\/1\.1 503 /);
  });
});

describe('retries', () => {
  test('a server that is down is passed over, also for POST: nothing was sent', async () => {
    await using upstream = await startUpstream((socket, received) => {
      if (received.includes('hello')) socket.write(ok('second'));
    });
    await using proxy = await startProxy([`http://127.0.0.1:${await freePort()}`, upstream.url]);
    for (let i = 0; i < 4; i++) {
      const answer = await exchange(proxy.port, get('/', 'Content-Length: 5\r\n', 'POST') + 'hello');
      expect(answer).toMatch(/second$/);
    }
  });

  /** An upstream that answers the first request of a connection, and dies at the second. */
  const dying = (): ReturnType<typeof startUpstream> =>
    startUpstream((socket, received, index) => {
      const requests = received.split(/(?:GET|POST) /).length - 1;
      if (requests === 1) socket.write(ok(`connection ${index}`));
      else socket.destroy();
    });

  test('a kept-alive connection that died: GET goes out again', async () => {
    await using upstream = await dying();
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get('/'))).toMatch(/connection 0$/);
    expect(await exchange(proxy.port, get('/'))).toMatch(/connection 1$/);
  });

  test('POST does not: it may have had its effect', async () => {
    await using upstream = await dying();
    await using proxy = await startProxy([upstream.url]);
    expect(await exchange(proxy.port, get('/'))).toMatch(/connection 0$/);
    expect(await exchange(proxy.port, get('/', 'Content-Length: 1\r\n', 'POST') + 'x')).toMatch(
      /^HTTP\/1\.1 502 /,
    );
    expect(upstream.sockets).toHaveLength(1);
  });

  test('are within a budget', async () => {
    let attempts = 0;
    await using upstream = await startUpstream((socket) => {
      attempts++;
      socket.destroy();
    });
    const urls = [upstream.url, upstream.url.replace('127.0.0.1', 'localhost')];
    await using proxy = await startProxy(urls, { now: () => 0 });
    for (let i = 0; i < 8; i++) await exchange(proxy.port, get('/'));
    expect(attempts).toBeLessThanOrEqual(8 + 3);
  });
});
