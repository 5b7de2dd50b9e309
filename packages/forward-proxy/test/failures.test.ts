import { exchange, RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { get, ManualClock, startOrigin, startProxy, statusOf } from './support.ts';

describe('an origin that fails', () => {
  test.each([
    ['closes without a word', '', 502, 'RESET'],
    ['speaks something else', 'SSH-2.0-x\r\n\r\n', 502, 'BAD_RESPONSE'],
    [
      'frames in two ways',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      502,
      'BAD_RESPONSE',
    ],
    [
      'switches protocols unasked',
      'HTTP/1.1 101 Go\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n',
      502,
      'BAD_RESPONSE',
    ],
    ['splits a field', 'HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n', 502, 'BAD_RESPONSE'],
  ])('and %s', async (_, text, status, error) => {
    await using origin = await startOrigin((socket) => socket.end(text));
    await using proxy = await startProxy();
    expect(statusOf(await exchange(proxy.port, get(`http://127.0.0.1:${origin.port}/`)))).toBe(status);
    expect(proxy.records).toMatchObject([{ status, error }]);
    expect(proxy.errors).toEqual([]);
  });

  test('by refusing the connection, or having no address', async () => {
    await using proxy = await startProxy({
      allow: ['*:*', '127.0.0.1:*'],
      resolve: (host) =>
        host === 'none.test' ? Promise.resolve([]) : Promise.reject(new Error('ENOTFOUND')),
    });
    for (const [url, error] of [
      ['http://127.0.0.1:1/', 'connection_refused'],
      ['http://none.test/', 'dns_error'],
      ['http://fails.test/', 'dns_error'],
    ] as const) {
      expect(await exchange(proxy.port, get(url))).toMatch(
        new RegExp(`^HTTP/1\\.1 502 [^]*Proxy-Status: test-proxy; error=${error}\r\n`),
      );
    }
  });

  test.each([
    ['a length', 'Content-Length: 10\r\n\r\nabc'],
    ['chunks', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
  ])('inside an answer of %s: what came is not made to look complete', async (_, rest) => {
    await using origin = await startOrigin((socket) => socket.end(`HTTP/1.1 200 OK\r\n${rest}`));
    await using proxy = await startProxy();
    const answer = await exchange(proxy.port, get(`http://127.0.0.1:${origin.port}/`));
    expect(answer).toContain('abc');
    expect(answer).not.toMatch(/0\r\n\r\n$/);
    await proxy.recorded(1);
    expect(proxy.records).toMatchObject([{ status: 200, error: 'RESET' }]);
  });

  test.each([
    ['to be found', 'slow.test', 'DNS_TIMEOUT'],
    ['to accept', '127.0.0.1', 'CONNECT_TIMEOUT'],
  ])('and takes too long %s', async (_, host, error) => {
    const clock = new ManualClock();
    const { Socket } = await import('node:net');
    await using proxy = await startProxy({
      clock,
      allow: ['*:*', '127.0.0.1:*'],
      connectTimeoutMs: 1000,
      resolve: () => new Promise(() => undefined),
      connect: () => new Socket(),
    });
    const answering = exchange(proxy.port, get(`http://${host}:8000/`));
    while (clock.waiting === 0) await new Promise(setImmediate);
    clock.advance(1000);
    expect(statusOf(await answering)).toBe(504);
    expect(proxy.records).toMatchObject([{ error, status: 504, durationMs: 1000 }]);
  });

  test('and is silent', async () => {
    const clock = new ManualClock();
    await using origin = await startOrigin(() => undefined);
    await using proxy = await startProxy({ clock, idleTimeoutMs: 1000 });
    const answering = exchange(proxy.port, get(`http://127.0.0.1:${origin.port}/`));
    while (!origin.received[0]?.endsWith('\r\n\r\n')) await new Promise(setImmediate);
    clock.advance(1000);
    expect(statusOf(await answering)).toBe(504);
    expect(proxy.records).toMatchObject([{ error: 'IDLE_TIMEOUT' }]);
  });
});

describe('a client that leaves', () => {
  test('takes its request along, at once', async () => {
    await using origin = await startOrigin(() => undefined);
    await using proxy = await startProxy();
    const client = await RawClient.connect(proxy.port);
    client.send(get(`http://127.0.0.1:${origin.port}/`));
    while (!origin.received[0]?.endsWith('\r\n\r\n')) await new Promise(setImmediate);
    const left = new Promise((resolve) => origin.sockets[0]?.once('close', resolve).once('end', resolve));
    client.destroy();
    await left;
    await proxy.recorded(1);
    expect(proxy.records).toMatchObject([{ status: 499, error: 'CLIENT_GONE' }]);
  });

  test('within its body leaves the origin with a request that is not complete', async () => {
    await using origin = await startOrigin(() => undefined);
    await using proxy = await startProxy();
    const client = await RawClient.connect(proxy.port);
    client.send(
      `${get(`http://127.0.0.1:${origin.port}/`, 'Transfer-Encoding: chunked\r\n', 'POST')}3\r\nabc\r\n`,
    );
    while (!origin.received[0]?.includes('abc')) await new Promise(setImmediate);
    const left = new Promise((resolve) => origin.sockets[0]?.once('close', resolve).once('end', resolve));
    client.destroy();
    await left;
    expect(origin.received[0]).not.toContain('\r\n0\r\n');
  });
});
