// oxlint-disable-next-line import/no-unassigned-import
import type { Application, Environ } from '@highball/gateway-protocol';
import { RawClient } from '@highball/testkit';
import express, { type NextFunction, type Request, type Response } from 'express';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { fromNode, type NodeListener, toNode } from '../src/index.ts';
import { deferred, get, serve } from './support.ts';

/** A node:http server, and what was said on `wsgi.errors`. */
class NodeServed implements AsyncDisposable {
  readonly server: Server;
  readonly errors: string[];

  constructor(server: Server, errors: string[]) {
    this.server = server;
    this.errors = errors;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async ask(request: string, until: RegExp | string): Promise<string> {
    const client = await RawClient.connect(this.port);
    client.send(request);
    const text = await client.until(until);
    client.destroy();
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

async function listen(
  listener: RequestListener & Partial<Pick<NodeListener, 'upgrade'>>,
  errors: string[] = [],
): Promise<NodeServed> {
  const server = createServer(listener);
  if (listener.upgrade) server.on('upgrade', listener.upgrade);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new NodeServed(server, errors);
}

/** Serves a gateway application on node:http. */
function serveApp(app: Application): Promise<NodeServed> {
  const errors: string[] = [];
  const write = (text: string): void => void errors.push(text);
  return listen(
    toNode(app, { errors: { write, writelines: () => undefined, flush: () => undefined } }),
    errors,
  );
}

const OK: [string, [string, string][]] = ['200 OK', [['Content-Type', 'text/plain']]]; // prettier-ignore

describe('an application on node:http', () => {
  test('gets the environ of its request', async () => {
    const seen = deferred<Environ>();
    await using served = await serveApp((environ, start) => {
      seen.resolve(environ);
      start(...OK);
      return ['ok'];
    });
    await fetch(`${served.url}/a%20b?c=d`, { headers: { 'x-own': '1' } });
    expect(await seen.promise).toMatchObject({
      REQUEST_METHOD: 'GET',
      SCRIPT_NAME: '',
      PATH_INFO: '/a b',
      QUERY_STRING: 'c=d',
      RAW_URI: '/a%20b?c=d',
      SERVER_PORT: String(served.port),
      REMOTE_ADDR: '127.0.0.1',
      HTTP_X_OWN: '1',
      'wsgi.url_scheme': 'http',
    });
  });

  test('sends its fields as they are, and the length of an array', async () => {
    await using served = await serveApp((_environ, start) => {
      start('201 Well Made', [['X-bEta', '1'], ['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2']]); // prettier-ignore
      return ['grü', new Uint8Array([0x21])];
    });
    const text = await served.ask(get('/'), /!$/);
    expect(text).toMatch(/^HTTP\/1.1 201 Well Made\r\nX-bEta: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n/);
    expect(text).toContain('Content-Length: 5\r\n');
  });

  test('reads its body whole, by lines, by size, piece by piece', async () => {
    await using served = await serveApp(async (environ, start) => {
      const input = environ['wsgi.input'];
      const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
      const parts = [text(await input.readline()), text(await input.readline(2)), text(await input.read(3))];
      parts.push(...(await input.readlines(1)).map(text));
      for await (const chunk of input) parts.push(text(chunk));
      parts.push(text(await input.read()));
      start(...OK);
      return [JSON.stringify(parts)];
    });
    const response = await fetch(served.url, { method: 'POST', body: 'one\ntwo2\nthree\nfour' });
    expect(await response.json()).toEqual(['one\n', 'tw', 'o2\n', 'three\n', 'four', '']);
  });

  test('streams, waits for its client, and is closed', async () => {
    const closed = deferred();
    let made = 0;
    await using served = await serveApp((_environ, start) => {
      start(...OK);
      const pieces = (async function* () {
        for (; made < 2000; made++) yield Buffer.alloc(65_536);
      })();
      return Object.assign(pieces, { close: () => closed.resolve() });
    });
    const client = await RawClient.connect(served.port);
    client.socket.pause();
    client.send(get('/'));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(1000);
    client.destroy();
    await closed.promise;
    expect(made).toBeLessThan(1000);
  });

  test('waits for its client in the middle of a synchronous body too', async () => {
    let made = 0;
    await using served = await serveApp((_environ, start) => {
      start(...OK);
      return (function* () {
        for (; made < 2000; made++) yield Buffer.alloc(65_536);
      })();
    });
    const client = await RawClient.connect(served.port);
    client.socket.pause();
    client.send(get('/'));
    await expect.poll(() => made).toBeGreaterThan(0);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(made).toBeLessThan(1000);
    client.destroy();
  });

  test('writes by the callable of start_response', async () => {
    const go = deferred();
    await using served = await serveApp(async (_environ, start) => {
      const write = start(...OK);
      await write('first ');
      await go.promise;
      return ['second'];
    });
    const client = await RawClient.connect(served.port);
    client.send(get('/'));
    await client.until('first');
    go.resolve();
    await client.until(/second\r\n0\r\n\r\n$/);
    client.destroy();
  });

  test('has early hints, trailers both ways, and a head ahead of its body', async () => {
    const go = deferred();
    await using served = await serveApp(async (environ, start) => {
      environ['wsgi.early_hints']?.([['Link', '</a.css>; rel=preload'], ['X-Hint', '1']]); // prettier-ignore
      await environ['wsgi.input'].read();
      start('200 OK', [['Trailer', 'X-Sum']]);
      (environ['highball.send_head'] as () => void)();
      await go.promise;
      environ['highball.send_trailers']?.([['X-Sum', environ['highball.trailers']?.()[0]?.[1] ?? '']]);
      return ['body'];
    });
    const client = await RawClient.connect(served.port);
    client.send(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nX-In: 42\r\n\r\n',
    );
    await client.until(/103 Early Hints\r\n[^]*X-Hint: 1\r\n[^]*200 OK[^]*\r\n\r\n/i);
    expect(client.received).not.toContain('body');
    go.resolve();
    await client.until(/body\r\n0\r\nX-Sum: 42\r\n\r\n$/);
    client.destroy();
  });

  test('answers HEAD, 204 and 304 without a body', async () => {
    await using served = await serveApp((environ, start) => {
      start(`${environ.PATH_INFO.slice(1)} X`, [['Content-Length', '5']]);
      return ['never'];
    });
    const heads = await served.ask(`${get('/204')}${get('/304')}HEAD /200 HTTP/1.1\r\nHost: a\r\n\r\n`, /HTTP\/1.1 200 X[^]*\r\n\r\n$/); // prettier-ignore
    expect(heads).not.toContain('never');
    expect(heads.match(/Content-Length: 5/g)).toHaveLength(2);
  });

  test('learns when its client leaves', async () => {
    const left = deferred<unknown>();
    await using served = await serveApp(async (environ, start) => {
      const signal = environ['highball.signal']?.() as AbortSignal;
      signal.addEventListener('abort', () => left.resolve(signal.reason));
      start(...OK)('begun');
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return [];
    });
    const client = await RawClient.connect(served.port);
    client.send(get('/'));
    await client.until('begun');
    client.destroy();
    expect(await left.promise).toMatchObject({ code: 'CLIENT_GONE' });
    expect(served.errors).toEqual([]);
  });

  test('is not told that a client left who got its whole answer', async () => {
    const seen = deferred<AbortSignal>();
    await using served = await serveApp((environ, start) => {
      seen.resolve(environ['highball.signal']?.() as AbortSignal);
      start(...OK);
      return ['whole'];
    });
    const client = await RawClient.connect(served.port);
    client.send(get('/'));
    await client.until('whole');
    client.destroy();
    const signal = await seen.promise;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(signal.aborted).toBe(false);
  });

  test('fails a read when its client leaves in the middle of an upload', async () => {
    const failed = deferred<unknown>();
    await using served = await serveApp(async (environ, start) => {
      await environ['wsgi.input'].read().catch((error: unknown) => failed.resolve(error));
      start(...OK);
      return [];
    });
    const client = await RawClient.connect(served.port);
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc');
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.destroy();
    expect(await failed.promise).toMatchObject({ code: 'CLIENT_GONE' });
  });
});

describe('a failure', () => {
  const failing: [string, Application][] = [
    ['throws', () => { throw new Error('secret'); }], // prettier-ignore
    ['rejects', async () => { throw new Error('secret'); }], // prettier-ignore
    ['never calls start_response', () => ['x']],
    ['starts twice', (_environ, start) => (start(...OK), start(...OK), [])],
    ['returns no body', (_environ, start) => (start(...OK), 7 as never)],
    ['sends bytes as a body', (_environ, start) => (start(...OK), Buffer.from('x') as never)],
    ['sends a piece that is none', (_environ, start) => (start(...OK), (function* () { yield 7 as never; })())], // prettier-ignore
    ['sends a field of the connection', (_environ, start) => (start('200 OK', [['Keep-Alive', '1']]), [])],
    ['sends no final status', (_environ, start) => (start('101 Switching', []), [])],
  ];
  test.each(failing)('of an application that %s is 500, without the reason', async (_name, app) => {
    await using served = await serveApp(app);
    const response = await fetch(served.url);
    expect([response.status, await response.text()]).toEqual([500, '500 Internal Server Error\n']);
    expect(served.errors).toHaveLength(1);
  });

  test('of the client is its status', async () => {
    await using served = await serveApp(() => ['never']);
    expect((await fetch(`${served.url}/%zz`)).status).toBe(400);
  });

  test('behind the head cuts the connection; the body is closed', async () => {
    const closed = deferred();
    await using served = await serveApp((_environ, start) => {
      start(...OK);
      const pieces = (function* () {
        yield 'begun';
        throw new Error('late');
      })();
      return Object.assign(pieces, { close: () => closed.resolve() });
    });
    const client = await RawClient.connect(served.port);
    client.send(get('/'));
    await client.closed;
    expect(client.received).not.toContain('\r\n0\r\n');
    await closed.promise;
    expect(served.errors[0]).toContain('late');
  });

  const lengths: [string, () => Iterable<string>][] = [
    ['more, in one piece', () => ['123456']],
    ['more, in the end', () => ['12345', '6'].values()],
    ['less', () => ['1234']],
    ['nothing', () => []],
  ];
  test.each(lengths)('of the promised length, %s, cuts the connection', async (_name, body) => {
    await using served = await serveApp((_environ, start) => {
      start('200 OK', [['Content-Length', '5']]);
      return body();
    });
    const client = await RawClient.connect(served.port);
    client.send(get('/'));
    await client.closed;
    expect(client.received).not.toContain('6');
    expect(served.errors[0]).toContain('does not match the content-length');
  });

  test('may replace a head that was not sent', async () => {
    await using served = await serveApp((_environ, start) => {
      start(...OK);
      start('503 Service Unavailable', [], new Error('replaced'));
      return ['sorry'];
    });
    const response = await fetch(served.url);
    expect([response.status, await response.text()]).toEqual([503, 'sorry']);
  });
});

describe('as middleware of Express', () => {
  const app: Application = (environ, start) => {
    if (environ.PATH_INFO === '/fail') throw new Error('for Express');
    start(...OK);
    return [`${environ.SCRIPT_NAME}|${environ.PATH_INFO}|${environ.RAW_URI}`];
  };
  const site = express();
  site.use('/w%C3%BC', (_req, _res, next) => next());
  site.use('/blog', toNode(app) as never);
  site.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
    res.status(502).send(error.message);
  });

  test('knows where it is mounted', async () => {
    await using served = await listen(site);
    expect(await (await fetch(`${served.url}/blog/a?b`)).text()).toBe('/blog|/a|/blog/a?b');
  });

  test('leaves its failures to Express', async () => {
    await using served = await listen(site);
    const response = await fetch(`${served.url}/blog/fail`);
    expect([response.status, await response.text()]).toEqual([502, 'for Express']);
  });
});

describe('an upgrade', () => {
  const app: Application = (environ, start) => {
    if (environ.PATH_INFO !== '/ws') {
      start('426 Upgrade Required', [['Upgrade', 'echo']]);
      return ['no'];
    }
    const { socket, head } = environ['highball.upgrade']!();
    socket.end(`HTTP/1.1 101 Switching Protocols\r\n\r\n${Buffer.from(head).toString()}`);
    return [];
  };

  test('hands the connection over, with what has come behind the head', async () => {
    await using served = await serveApp(app);
    const text = await served.ask(`${get('/ws', 'Connection: Upgrade', 'Upgrade: echo')}early`, 'early');
    expect(text).toMatch(/^HTTP\/1.1 101 /);
  });

  test('that is not taken is answered, and the connection closed', async () => {
    await using served = await serveApp(app);
    const client = await RawClient.connect(served.port);
    client.send(get('/', 'Connection: Upgrade', 'Upgrade: echo'));
    await client.closed;
    expect(client.received).toMatch(/^HTTP\/1.1 426 Upgrade Required\r\n[^]*Connection: close\r\n[^]*no$/);
  });

  test('that fails is 500', async () => {
    await using served = await serveApp(() => {
      throw new Error('broken');
    });
    const client = await RawClient.connect(served.port);
    client.send(get('/', 'Connection: Upgrade', 'Upgrade: echo'));
    await client.closed;
    expect(client.received).toMatch(/^HTTP\/1.1 500 /);
  });
});

test('there and back again: a handler as an application as a handler', async () => {
  await using direct = await listen(
    toNode(fromNode((req, res) => void req.pipe(res.writeHead(200, { 'X-Way': 'round' })))),
  );
  const body = 'r'.repeat(500_000);
  const response = await fetch(direct.url, { method: 'POST', body });
  expect([await response.text(), response.headers.get('x-way')]).toEqual([body, 'round']);
  await using worker = await serve(fromNode(toNode((_environ, start) => (start(...OK), ['turned']))));
  expect(await (await fetch(worker.url)).text()).toBe('turned');
});
