import { once } from 'node:events';
import { createGzip } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { fromNode } from '../src/index.ts';
import { ask, deferred, get, serveHandler } from './support.ts';

describe('an answer', () => {
  test('that is there when the handler returns needs no promise', () => {
    const app = fromNode((_req, res) => {
      res.setHeader('X-Order', '1').writeHead(201, 'Made', { 'Content-TYPE': 'text/plain' });
      res.end('hello');
    });
    let head: unknown;
    const body = app(plainEnviron(), (status, headers) => {
      head = [status, headers];
      return () => undefined;
    });
    expect(head).toEqual(['201 Made', [['X-Order', '1'], ['Content-TYPE', 'text/plain']]]); // prettier-ignore
    expect([...(body as string[])]).toEqual(['hello']);
  });

  test('keeps its fields in their order and case, repeats apart, and leaves out the connection’s own', async () => {
    await using served = await serveHandler((_req, res) => {
      res.setHeader('X-bEta', 'b');
      res.setHeader('Set-Cookie', ['a=1', 'b=2']);
      res.setHeader('Connection', 'keep-alive');
      res.setHeader('Transfer-Encoding', 'chunked');
      res.setHeader('X-Number', 7);
      res.end('ok');
    });
    const text = await ask(served, get('/'), 'ok');
    expect(text).toMatch(/X-bEta: b\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Number: 7\r\n/);
    expect(text).toContain('Content-Length: 2\r\n');
    expect(text).not.toMatch(/chunked|keep-alive/);
  });

  test('of several writes in one turn leaves whole, with its length', async () => {
    await using served = await serveHandler((_req, res) => {
      res.write('one ');
      res.write(Buffer.from('two '));
      res.end('3a', 'hex');
    });
    const text = await ask(served, get('/'), 'two :');
    expect(text).toContain('Content-Length: 9\r\n');
  });

  test('that is written piece by piece leaves piece by piece', async () => {
    const steps = [deferred(), deferred()];
    await using served = await serveHandler(async (_req, res) => {
      res.write('first');
      await steps[0]!.promise;
      res.write('second', () => steps[1]!.resolve());
      await steps[1]!.promise;
      res.end('third');
    });
    const client = await served.connect();
    client.send(get('/'));
    await client.until('first');
    expect(client.received).not.toContain('second');
    steps[0]!.resolve();
    await client.until(/second[^]*third\r\n0\r\n\r\n$/);
    client.destroy();
  });

  test('says when the client has to catch up, and when it has', async () => {
    const log: string[] = [];
    const over = deferred();
    await using served = await serveHandler(async (_req, res) => {
      // More than the kernel takes for a client that does not read.
      log.push(`full ${!res.write(Buffer.alloc(32 << 20, 'x'))} ${res.writableNeedDrain}`);
      await once(res, 'drain');
      log.push(`drained ${res.writableNeedDrain}`);
      res.end('END', () => over.resolve());
    });
    const client = await served.connect();
    client.socket.pause();
    client.send(get('/'));
    await expect.poll(() => log).toEqual(['full true true']);
    client.socket.resume();
    await over.promise;
    await expect.poll(() => client.received.slice(-20)).toContain('END\r\n0\r\n\r\n');
    expect(log).toEqual(['full true true', 'drained false']);
    client.destroy();
  });

  test('says that the client has caught up only to whom it said to wait', async () => {
    const caughtUp = deferred();
    const drain = vi.fn<() => void>();
    const app = fromNode((_req, res) => {
      res.on('drain', drain);
      expect(res.write('small')).toBe(true);
    });
    const write = vi.fn<() => Promise<void>>(() => caughtUp.promise);
    void app(plainEnviron(), () => write);
    await new Promise((resolve) => setImmediate(resolve));
    expect(write).toHaveBeenCalledTimes(1);
    caughtUp.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    expect(drain).not.toHaveBeenCalled();
  });

  test('to HEAD, and of 204 and 304, has no body', async () => {
    await using served = await serveHandler((req, res) => {
      res.statusCode = Number(req.url?.slice(1));
      res.end('never');
    });
    expect(await ask(served, get('/204') + get('/304') + get('/200'), /never$/)).toMatch(
      /204 No Content[^]*304 Not Modified[^]*200 OK/,
    );
    const head = await ask(served, 'HEAD /200 HTTP/1.1\r\nHost: a\r\n\r\n' + get('/201'), /never$/);
    expect(head.match(/never/g)).toHaveLength(1);
    expect(head).toContain('Content-Length: 5');
  });

  test('has trailers, early hints and continues', async () => {
    await using served = await serveHandler((req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload; as=style', 'x-hint': '1' });
      res.writeContinue();
      req.resume().on('end', () => {
        res.setHeader('Trailer', 'X-Sum');
        res.write(`trailer ${req.trailers['x-end']} ${req.rawTrailers.join('=')}`);
        res.addTrailers({ 'X-Sum': '42' });
        res.end();
      });
    });
    const client = await served.connect();
    client.send(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-End\r\nExpect: 100-continue\r\n\r\n',
    );
    await client.until('100 Continue\r\n\r\n');
    client.send('3\r\nabc\r\n0\r\nX-End: yes\r\n\r\n');
    const text = await client.until('X-Sum: 42\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1.1 103 Early Hints\r\nLink: <\/a.css>[^]*x-hint: 1\r\n/);
    expect(text).toContain('trailer yes X-End=yes');
    client.destroy();
  });

  test('tells of its end: finish, close, and the flags', async () => {
    const log: unknown[] = [];
    const closed = deferred();
    await using served = await serveHandler((req, res) => {
      req.on('close', () => log.push('request close'));
      res.on('finish', () => log.push('finish', res.writableFinished, res.headersSent));
      res.on('close', () => {
        log.push('close', res.closed, res.destroyed);
        closed.resolve();
      });
      res.end('bye', () => log.push('end callback'));
      log.push('ended', res.writableEnded, res.writableFinished);
    });
    await (await fetch(served.url)).text();
    await closed.promise;
    await expect.poll(() => log).toHaveLength(11);
    expect(log).toEqual(expect.arrayContaining(['ended', true, false, 'finish', true, true, 'end callback', 'request close'])); // prettier-ignore
    expect(log.indexOf('finish')).toBeLessThan(log.indexOf('close'));
  });

  test('may be wrapped as compression does it: writeHead, write and end of the instance', async () => {
    await using served = await serveHandler((_req, res) => {
      const { writeHead, write, end } = res;
      const gzip = createGzip();
      gzip.on('data', (chunk: Buffer) => void (write.call(res, chunk, 'latin1') || gzip.pause()));
      gzip.on('end', () => void Reflect.apply(end, res, []));
      res.on('drain', () => gzip.resume());
      Object.assign(res, {
        writeHead: (status: number) => {
          res.setHeader('Content-Encoding', 'gzip');
          return writeHead.call(res, status);
        },
        write: (chunk: string) => {
          if (!res.headersSent) res.writeHead(res.statusCode);
          return gzip.write(chunk);
        },
        end: () => void gzip.end(),
      });
      res.write('x'.repeat(1_000_000));
      res.end();
    });
    const response = await fetch(served.url);
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(await response.text()).toHaveLength(1_000_000);
  });

  test('whose writeHead is wrapped calls the wrapper, also where the head is implicit', async () => {
    await using served = await serveHandler((_req, res) => {
      const { writeHead } = res;
      res.writeHead = ((status: number) => writeHead.call(res, status + 1)) as typeof writeHead;
      res.end('wrapped');
    });
    expect((await fetch(served.url)).status).toBe(201);
  });

  test('has the lengths and marks of a stream', async () => {
    const seen = deferred<number[]>();
    await using served = await serveHandler((_req, res) => {
      res.write('12345');
      seen.resolve([res.writableLength, res.writableHighWaterMark]);
      res.end();
    });
    await fetch(served.url);
    expect(await seen.promise).toEqual([5, 65_536]);
  });

  test('refuses what Node refuses, with the same codes', async () => {
    const codes: unknown[] = [];
    const code = (act: () => void): void => {
      try {
        act();
        codes.push('nothing');
      } catch (error) {
        codes.push((error as { code: string }).code);
      }
    };
    await using served = await serveHandler((_req, res) => {
      code(() => res.writeHead(99));
      code(() => res.writeHead(200, ['odd']));
      code(() => res.write(7));
      code(() => res.write(null));
      res.writeHead(200);
      code(() => res.writeHead(200));
      code(() => res.setHeader('X', 'late'));
      res.end('x');
      res.write('after', (error) => codes.push((error as { code?: string } | null)?.code));
    });
    await (await fetch(served.url)).text();
    expect(codes).toEqual([
      'ERR_HTTP_INVALID_STATUS_CODE',
      'ERR_INVALID_ARG_VALUE',
      'ERR_INVALID_ARG_TYPE',
      'ERR_STREAM_NULL_VALUES',
      'ERR_HTTP_HEADERS_SENT',
      'ERR_HTTP_HEADERS_SENT',
      'ERR_STREAM_WRITE_AFTER_END',
    ]);
  });
});

function plainEnviron(): never {
  return { REQUEST_METHOD: 'GET', SCRIPT_NAME: '', PATH_INFO: '/', QUERY_STRING: '', RAW_URI: '/', SERVER_PROTOCOL: 'HTTP/1.1' } as never; // prettier-ignore
}
