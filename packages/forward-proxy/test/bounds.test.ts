import { exchange, RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { answering, get, ok, startOrigin, startProxy, statusOf } from './support.ts';

describe('limits', () => {
  test('of connections: of one client 429, of all 503; a place is free again at the end', async () => {
    await using origin = await startOrigin(() => undefined);
    for (const [limits, status] of [
      [{ maxConnectionsPerClient: 1 }, 429],
      [{ maxConnections: 1 }, 503],
    ] as const) {
      await using proxy = await startProxy(limits);
      const url = `http://127.0.0.1:${origin.port}/`;
      const before = origin.sockets.length;
      const first = await RawClient.connect(proxy.port);
      first.send(get(url));
      while (origin.sockets.length === before) await new Promise(setImmediate);
      expect(await exchange(proxy.port, get(url))).toMatch(
        new RegExp(`^HTTP/1\\.1 ${status} [^]*Retry-After: 5\r\n`),
      );
      origin.sockets.at(-1)?.end(ok('first'));
      await first.until(/first$/);
      const second = await RawClient.connect(proxy.port);
      second.send(get(url));
      while (origin.sockets.length === before + 1) await new Promise(setImmediate);
      second.destroy();
      first.destroy();
      await proxy.recorded(3);
      expect(proxy.records[2]?.error).toBe('CLIENT_GONE');
    }
  });

  test('of bytes: an answer that is too large is cut, a request refused', async () => {
    await using origin = await startOrigin((socket, received) => {
      if (received.startsWith('GET')) socket.write(ok('x'.repeat(100_000)));
    });
    await using proxy = await startProxy({ maxBytes: 50_000 });
    const url = `http://127.0.0.1:${origin.port}/`;
    expect((await exchange(proxy.port, get(url))).length).toBeLessThan(60_000);
    const post = get(url, 'Content-Length: 60000\r\n', 'POST') + 'x'.repeat(60_000);
    expect(statusOf(await exchange(proxy.port, post))).toBe(413);
    expect(proxy.records).toMatchObject([{ error: 'BYTES_EXCEEDED' }, { error: 'BYTES_EXCEEDED' }]);
  });
});

describe('hostile requests', () => {
  test.each([
    ['two framings', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n'],
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6\r\n'],
    ['a coding behind chunked', 'Transfer-Encoding: chunked, x\r\n'],
    ['a folded field', 'X: a\r\n b\r\n'],
    ['a bare CR', 'X: a\rY: b\r\n'],
    ['a space before the colon', 'Transfer-Encoding : chunked\r\n'],
  ])('with %s do not reach the origin', async (_, fields) => {
    await using origin = await answering(ok('x'));
    await using proxy = await startProxy();
    const smuggled = `0\r\n\r\nGET http://127.0.0.1:${origin.port}/smuggled HTTP/1.1\r\nHost: x\r\n\r\n`;
    const answer = await exchange(
      proxy.port,
      get(`http://127.0.0.1:${origin.port}/`, fields, 'POST') + smuggled,
    );
    expect(statusOf(answer)).toBeGreaterThanOrEqual(400);
    expect(origin.received.join('')).not.toContain('smuggled');
  });

  test('a body goes to the origin as a body, whatever it looks like', async () => {
    const inner = 'GET /inner HTTP/1.1\r\nHost: x\r\n\r\n';
    await using origin = await startOrigin(
      (socket, received) => received.includes('/inner') && socket.write(ok('x')),
    );
    await using proxy = await startProxy();
    const head = get(`http://127.0.0.1:${origin.port}/`, `Content-Length: ${inner.length}\r\n`, 'POST');
    expect(statusOf(await exchange(proxy.port, head + inner))).toBe(200);
    expect(origin.received).toHaveLength(1);
    expect(origin.received[0]).toContain(`Content-Length: ${inner.length}\r\n`);
  });
});
