import { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { ask, deferred, get, serveHandler } from './support.ts';

describe('what a handler is given', () => {
  test('is a real IncomingMessage with the address, the fields and the version', async () => {
    const seen = deferred<Record<string, unknown>>();
    await using served = await serveHandler((req, res) => {
      seen.resolve({
        real: req instanceof IncomingMessage && res instanceof ServerResponse,
        method: req.method,
        url: req.url,
        version: [req.httpVersion, req.httpVersionMajor, req.httpVersionMinor],
        host: req.headers.host,
        joined: req.headers['x-many'],
        distinct: req.headersDistinct['x-one'],
        raw: req.rawHeaders.includes('X-Many'),
        req: res.req === req,
        complete: req.complete,
      });
      res.end();
    });
    await fetch(`${served.url}/a%20b?c=%20d`, { headers: [['X-Many', '1'], ['X-Many', '2'], ['x-one', 'z']] }); // prettier-ignore
    expect(await seen.promise).toEqual({
      real: true,
      method: 'GET',
      url: '/a%20b?c=%20d',
      version: ['1.1', 1, 1],
      host: `127.0.0.1:${served.port}`,
      joined: '1, 2',
      distinct: ['z'],
      raw: true,
      req: true,
      complete: true,
    });
  });

  test('has a socket that knows the client, and knobs that turn nothing', async () => {
    const seen = deferred<Record<string, unknown>>();
    await using served = await serveHandler((req, res) => {
      const { remoteAddress, remotePort, localPort, destroyed } = req.socket;
      req.socket.setNoDelay(true).setKeepAlive(true).ref().unref();
      expect(res.socket).toBe(req.socket);
      expect(() => req.socket.write('x')).toThrow('the connection is the server');
      seen.resolve({ remoteAddress, remotePort: typeof remotePort, localPort, destroyed });
      res.end();
    });
    await fetch(served.url);
    expect(await seen.promise).toEqual({
      remoteAddress: '127.0.0.1',
      remotePort: 'number',
      localPort: served.port,
      destroyed: false,
    });
  });
});

describe('a body', () => {
  test('streams in with backpressure, and out again', async () => {
    await using served = await serveHandler((req, res) => pipeline(req, res));
    const sent = Buffer.alloc(3_000_000, 'abcdefg');
    const body = Readable.toWeb(Readable.from(pieces(sent, 10_000))) as ReadableStream;
    const response = await fetch(served.url, { method: 'POST', body, duplex: 'half' } as RequestInit);
    expect(Buffer.from(await response.arrayBuffer()).equals(sent)).toBe(true);
  });

  test('is not read faster than the handler reads it', async () => {
    let read = 0;
    const go = deferred();
    await using served = await serveHandler(async (req, res) => {
      await go.promise;
      for await (const chunk of req) read += (chunk as Buffer).length;
      res.end(String(read));
    });
    const client = await served.connect();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30000000\r\n\r\n');
    client.socket.write(Buffer.alloc(30_000_000));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(client.socket.writableLength).toBeGreaterThan(10_000_000);
    go.resolve();
    await client.until('30000000');
    client.destroy();
  });

  test('stops coming when the handler pauses it', async () => {
    const paused = deferred<IncomingMessage>();
    await using served = await serveHandler((req) => {
      req.once('data', () => paused.resolve(req.pause()));
    });
    const client = await served.connect();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30000000\r\n\r\n');
    client.socket.write(Buffer.alloc(30_000_000));
    const req = await paused.promise;
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(req.readableLength).toBeLessThan(500_000);
    client.destroy();
  });

  test('that the handler leaves alone ends for who listens, and the connection lives on', async () => {
    const closed = deferred();
    await using served = await serveHandler((req, res) => {
      req.on('end', () => expect(req.complete).toBe(true));
      req.on('close', () => {
        expect([req.aborted, req.readableEnded]).toEqual([false, true]);
        closed.resolve();
      });
      res.end('done');
    });
    const text = await ask(
      served,
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc' + get('/'),
      /done[^]*done$/,
    );
    expect(text.match(/200 OK/g)).toHaveLength(2);
    await closed.promise;
  });
});

function* pieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.subarray(i, i + size);
}
