import { DirectWriter } from '@highball/direct-writes';
import type { Environ } from '@highball/gateway-protocol';
import { describe, expect, test, vi } from 'vitest';
import { bodyOf, deferred, last, request, serve, statusesOf } from './support.ts';

describe('write', () => {
  test('sends at once, before what the application returns', async () => {
    let go: (() => void) | undefined;
    await using server = await serve(async (_environ, start) => {
      const write = start('200 OK', []);
      void write('');
      void write('one');
      await new Promise<void>((resolve) => (go = resolve));
      return ['two'];
    });
    const client = await server.connect();
    client.send(last('/'));
    await client.until('one');
    expect(client.received).not.toContain('two');
    go?.();
    await client.closed;
    expect(bodyOf(client.received)).toBe('3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n');
  });

  test('sends a synchronous application’s piece before it returns', async () => {
    const socketWrite = vi.spyOn(DirectWriter.prototype, 'write');
    let written = false;
    await using server = await serve((_environ, start) => {
      void start('200 OK', [])('one');
      written = socketWrite.mock.calls.some(([data]) => String(data).endsWith('\r\none\r\n'));
      return ['two'];
    });
    expect(bodyOf(await server.exchange(last('/')))).toBe('3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n');
    socketWrite.mockRestore();
    expect(written).toBe(true);
  });

  test('gives a promise when the client does not keep up', async () => {
    let waited = 0;
    let sent = 0;
    await using server = await serve(async (_environ, start) => {
      const write = start('200 OK', []);
      for (; sent < 300; sent++) {
        const room = write(Buffer.alloc(65_536));
        if (room) waited++;
        await room;
      }
      return [];
    });
    const client = await server.connect();
    client.socket.pause();
    client.send(last('/'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(sent).toBeLessThan(250);
    client.socket.resume();
    await client.closed;
    expect(waited).toBeGreaterThan(0);
    expect(sent).toBe(300);
  });

  test('refuses what is no piece of a body, and every call after the end', async () => {
    const codes: unknown[] = [];
    let stale: ((chunk: string) => unknown) | undefined;
    await using server = await serve((_environ, start) => {
      const write = start('200 OK', []);
      stale = write;
      try {
        void write(7 as unknown as string);
      } catch (error) {
        codes.push((error as { code: string }).code);
      }
      return ['x'];
    });
    await server.exchange(last('/'));
    expect(() => stale?.('more')).toThrow(/after the end/);
    expect(codes).toEqual(['BAD_CHUNK']);
  });
});

describe('send_head', () => {
  const sendHead = (environ: Environ): void => environ['highball.send_head']?.();

  test.each([
    ['chunked', 'GET', [], 'Transfer-Encoding: chunked\r\n'],
    ['with a length', 'GET', [['Content-Length', '4']], 'Content-Length: 4\r\n'],
    ['to HEAD', 'HEAD', [['Content-Length', '4']], 'Content-Length: 4\r\n'],
  ] as const)('sends the head ahead of the body, %s', async (_name, method, fields, line) => {
    const go = deferred();
    await using server = await serve(async (environ, start) => {
      start(
        '200 OK',
        fields.map(([name, value]): [string, string] => [name, value]),
      );
      sendHead(environ);
      sendHead(environ);
      await go.promise;
      return ['body'];
    });
    const client = await server.connect();
    client.send(request(method, '/', ['Connection: close']));
    const head = await client.until('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(head).toContain(line);
    expect(head).not.toContain('body');
    go.resolve();
    await client.closed;
    expect(client.received.match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(client.received.includes('body')).toBe(method === 'GET');
    expect(server.log.errors()).toEqual([]);
  });

  test('does nothing before start_response, or once the body has begun', async () => {
    await using server = await serve((environ, start) => {
      sendHead(environ);
      const write = start('200 OK', []);
      void write('x');
      sendHead(environ);
      return [];
    });
    expect(statusesOf(await server.exchange(last('/')))).toEqual([200]);
    expect(server.log.errors()).toEqual([]);
  });

  test('makes it too late for another head', async () => {
    await using server = await serve((environ, start) => {
      start('200 OK', []);
      sendHead(environ);
      start('500 Internal Server Error', [], new Error('late'));
      return [];
    });
    expect(statusesOf(await server.exchange(last('/')))).toEqual([200]);
    expect(server.log.errors()).toEqual(['the application failed: late']);
  });
});
