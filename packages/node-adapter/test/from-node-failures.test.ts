import { IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { fromNode } from '../src/index.ts';
import { deferred, get, serveHandler } from './support.ts';

describe('a client that leaves', () => {
  test('closes the response, aborts the request, destroys the socket', async () => {
    const events: string[] = [];
    const over = deferred();
    await using served = await serveHandler((req, res) => {
      req.on('aborted', () => events.push('aborted'));
      req.on('error', (error: Error & { code?: string }) => events.push(`error ${error.code}`));
      req.socket.on('close', () => events.push('socket close'));
      res.on('finish', () => events.push('finish'));
      res.on('close', () => {
        events.push(`close ${res.destroyed} ${req.destroyed} ${res.writableFinished}`);
        over.resolve();
      });
      res.write('begun');
    });
    const client = await served.connect();
    client.send(get('/'));
    await client.until('begun');
    client.destroy();
    await over.promise;
    await expect.poll(() => events.toSorted()).toEqual(['aborted', 'close true true false', 'error ECONNRESET', 'socket close']); // prettier-ignore
    // It is nobody's fault: the server gets its own reason back.
    expect(served.errors.filter(({ code }) => code !== 'CLIENT_GONE')).toEqual([]);
  });

  test('closes the socket also when the request has been read and is over', async () => {
    const closed = deferred();
    await using served = await serveHandler(async (req, res) => {
      req.socket.on('close', () => closed.resolve());
      for await (const chunk of req) res.write(chunk);
      expect(req.destroyed).toBe(true);
    });
    const client = await served.connect();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nread');
    await client.until('read');
    client.destroy();
    await closed.promise;
  });

  test('in the middle of its upload fails the reading', async () => {
    const failed = deferred<string>();
    await using served = await serveHandler(async (req, res) => {
      try {
        for await (const chunk of req) void chunk;
        res.end();
      } catch (error) {
        failed.resolve((error as { code: string }).code);
      }
    });
    const client = await served.connect();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.destroy();
    expect(await failed.promise).toBe('ECONNRESET');
  });

  test('aborts the request’s signal, where Node has one', async (context) => {
    context.skip(!('signal' in IncomingMessage.prototype), 'this Node has no request.signal');
    const aborted = deferred();
    await using served = await serveHandler((req, res) => {
      const { signal } = req as IncomingMessage & { signal: AbortSignal };
      signal.addEventListener('abort', () => aborted.resolve());
      res.write('begun');
    });
    const client = await served.connect();
    client.send(get('/'));
    await client.until('begun');
    client.destroy();
    await aborted.promise;
  });

  test('makes later writes fail, and tells their callbacks', async () => {
    const codes: unknown[] = [];
    const over = deferred();
    await using served = await serveHandler((_req, res) => {
      const keep = (error?: Error | null): void => void codes.push((error as { code?: string })?.code);
      res.write('begun');
      res.on('close', () => {
        res.write('late', keep);
        res.end(() => over.resolve());
        res.end('later', keep);
      });
    });
    const client = await served.connect();
    client.send(get('/'));
    await client.until('begun');
    client.destroy();
    await over.promise;
    await expect.poll(() => codes).toEqual(['ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']);
  });

  test('stops a stream that is piped to it', async () => {
    const destroyed = deferred();
    await using served = await serveHandler((_req, res) => {
      const endless = new Readable({
        read() {
          this.push('x'.repeat(1000));
        },
        destroy(_error, callback) {
          destroyed.resolve();
          callback(null);
        },
      });
      pipeline(endless, res).catch(() => undefined);
    });
    const client = await served.connect();
    client.send(get('/'));
    await client.until('xxx');
    client.destroy();
    await destroyed.promise;
  });
});

describe('a failure', () => {
  test.each([
    ['throws', () => { throw new Error('secret'); }], // prettier-ignore
    ['rejects', () => Promise.reject(new Error('secret'))],
    ['destroys its response', (_req: unknown, res: ServerResponse) => void res.destroy(new Error('secret'))],
  ])('of a handler that %s is 500, without the reason', async (_name, handler) => {
    await using served = await serveHandler(handler);
    const response = await fetch(served.url);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    expect(served.errors).toHaveLength(1);
  });

  test('behind the head cuts the connection', async () => {
    await using cut = await serveHandler(async (_req, res) => {
      res.write('begun');
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error('too late');
    });
    const client = await cut.connect();
    client.send(get('/'));
    await client.closed;
    expect(client.received).toContain('begun');
    expect(client.received).not.toContain('\r\n0\r\n');
  });

  test('behind the end of the answer harms nobody, and is logged', async () => {
    await using served = await serveHandler((_req, res) => {
      res.end('fine');
      throw new Error('afterthought');
    });
    expect(await (await fetch(served.url)).text()).toBe('fine');
    expect(served.errors[0]?.message).toContain('afterthought');
  });

  test('of a handler that never minds the client ends at the cap', async () => {
    const failed = deferred<Error>();
    await using served = await serveHandler(
      (_req, res) => {
        res.on('close', () => failed.resolve(res.errored as Error));
        for (let i = 0; i < 400 && !res.destroyed; i++) res.write(Buffer.alloc(65_536));
      },
      { maxBufferedBytes: 1_000_000 },
    );
    const client = await served.connect();
    client.socket.pause();
    client.send(get('/'));
    expect(await failed.promise).toMatchObject({ code: 'BUFFER_FULL' });
    client.destroy();
  });

  test('of an option is told at once', () => {
    expect(() => fromNode(() => undefined, { maxBufferedBytes: 1 })).toThrow(/maxBufferedBytes/);
  });
});
