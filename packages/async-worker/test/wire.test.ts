import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { echoPath, last, serve, statusesOf, until } from './support.ts';

describe('closing behind the last answer', () => {
  test('a client that is still sending can read it', async () => {
    await using server = await serve(echoPath, { maxBodyBytes: 1000 });
    const client = await server.connect();
    const errors: Error[] = [];
    client.socket.on('error', (error) => errors.push(error));
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n');
    for (let i = 0; i < 200; i++) {
      client.send(Buffer.alloc(50_000));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.until('413 Content Too Large');
    await client.closed;
    expect(errors).toEqual([]);
    expect(statusesOf(client.received)).toEqual([413]);
  });

  test('ends when the client ends, and then nothing is left', async () => {
    await using server = await serve(echoPath);
    const client = await server.connect();
    client.send(last('/'));
    await client.closed;
    expect(server.worker.stats().connections).toBe(1);
    client.end();
    await until(() => server.worker.stats().connections === 0);
  });

  test('waits for a client that is slow to take it', async () => {
    const body = Buffer.alloc(20_000_000, 'x');
    await using server = await serve((_environ, start) => {
      start('200 OK', []);
      return [body];
    });
    const client = await server.connect();
    client.socket.pause();
    client.send(last('/'));
    await until(() => server.records.length === 1);
    server.clock.advance(30_000);
    client.socket.resume();
    await client.closed;
    expect(client.received.endsWith('x'.repeat(100))).toBe(true);
    expect(client.received.length).toBeGreaterThan(body.length);
  });

  test('ends at a limit of bytes', async () => {
    await using server = await serve(echoPath, { maxBodyBytes: 1000 });
    const client = await server.connect();
    client.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000000\r\n\r\n');
    await client.until('413');
    const piece = Buffer.alloc(1_048_576);
    // once() rejects when the socket reports an error, as it does when it is reset: gone as well.
    const gone = once(client.socket, 'close').catch(() => undefined);
    for (let sent = 0; sent < 128 && !client.socket.destroyed; sent++) {
      if (!client.socket.write(piece))
        await Promise.race([once(client.socket, 'drain').catch(() => undefined), gone]);
    }
    await until(() => server.worker.stats().connections === 0);
  });
});
