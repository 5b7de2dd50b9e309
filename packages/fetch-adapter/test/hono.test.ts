/** A real Hono application, with its own helpers and middleware, under the real worker. */
import { connect } from 'node:net';
import { createWorker } from '@highball/async-worker';
import { temporaryFolder } from '@highball/testkit';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { basicAuth } from 'hono/basic-auth';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { getCookie, setCookie } from 'hono/cookie';
import { cors } from 'hono/cors';
import { etag } from 'hono/etag';
import { methodOverride } from 'hono/method-override';
import { proxy } from 'hono/proxy';
import { streamSSE, streamText } from 'hono/streaming';
import { HTTPException } from 'hono/http-exception';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FetchEnv, fromFetch, installLightweightTypes, isFetchApplication } from '../src/index.ts';
import { bodyOf, request, serve, until } from './support.ts';

describe.each(['native', 'lightweight'] as const)('Hono with %s types', (types) => {
  let uninstall: () => void = () => undefined;
  beforeAll(() => {
    if (types === 'lightweight') uninstall = installLightweightTypes();
  });
  afterAll(() => uninstall());

  test('is recognized; text, json, html, status, redirect, notFound and onError answer', async () => {
    const app = new Hono()
      .get('/text', (c) => c.text('hello'))
      .get('/json/:id', (c) => c.json({ id: c.req.param('id'), q: c.req.query('q') }, 201))
      .get('/html', (c) => c.html('<p>hi</p>'))
      .get('/away', (c) => c.redirect('/text', 303))
      .get('/boom', () => {
        throw new Error('boom');
      })
      .get('/denied', () => {
        throw new HTTPException(403, { message: 'denied' });
      })
      .notFound((c) => c.text('nothing here', 404))
      .onError((error, c) =>
        error instanceof HTTPException ? error.getResponse() : c.text(`caught ${error.message}`, 500),
      );
    expect(isFetchApplication(app)).toBe(true);
    await using server = await serve(fromFetch(app));
    const text = await server.ask('GET /text');
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    expect(text).toMatch(/\r\ncontent-type: text\/plain; ?charset=UTF-8\r\n/i);
    expect(text).toMatch(/\r\nContent-Length: 5\r\n/i);
    expect(bodyOf(text)).toBe('hello');
    const json = await server.ask('GET /json/7?q=x%20y');
    expect(json).toMatch(/^HTTP\/1.1 201 Created\r\n/);
    expect(JSON.parse(bodyOf(json))).toEqual({ id: '7', q: 'x y' });
    expect(await server.ask('GET /html')).toMatch(/content-type: text\/html; charset=UTF-8\r\n/i);
    expect(await server.ask('GET /away')).toMatch(/^HTTP\/1.1 303 See Other\r\n[^]*location: \/text\r\n/i);
    expect(await server.ask('GET /missing')).toMatch(/^HTTP\/1.1 404 Not Found[^]*nothing here$/);
    expect(await server.ask('GET /boom')).toMatch(/^HTTP\/1.1 500 [^]*caught boom$/);
    expect(await server.ask('GET /denied')).toMatch(/^HTTP\/1.1 403 [^]*denied$/);
    expect(server.log.messages).toEqual([]);
  });

  test('HEAD is answered as GET, without its body', async () => {
    await using server = await serve(fromFetch(new Hono().get('/', (c) => c.text('hello'))));
    const answer = await server.ask('HEAD /');
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(bodyOf(answer)).toBe('');
  });

  test('c.env holds the environ, executionCtx keeps promises', async () => {
    let kept = false;
    const app = fromFetch(
      new Hono<{ Bindings: FetchEnv }>().get('/', (c) => {
        c.executionCtx.waitUntil(Promise.resolve().then(() => (kept = true)));
        return c.text(c.env.environ.REMOTE_ADDR ?? '');
      }),
    );
    await using server = await serve(app);
    expect(bodyOf(await server.ask('GET /'))).toBe('127.0.0.1');
    await app.settled();
    expect(kept).toBe(true);
  });

  test('streamText: each line arrives when it is written', async () => {
    let go: () => void = () => undefined;
    const app = new Hono().get('/', (c) =>
      streamText(c, async (stream) => {
        await stream.writeln('one');
        await new Promise<void>((resolve) => (go = resolve));
        await stream.writeln('two');
      }),
    );
    await using server = await serve(fromFetch(app));
    const client = await server.connect();
    client.send(request('GET /'));
    expect(await client.until('one')).not.toContain('two');
    go();
    await client.closed;
    expect(bodyOf(client.received)).toBe('4\r\none\n\r\n4\r\ntwo\n\r\n0\r\n\r\n');
    expect(client.received.match(/transfer-encoding/gi)).toHaveLength(1);
  });

  test('streamSSE: events arrive, and the stream is aborted when the client leaves', async () => {
    let aborted = false;
    const app = new Hono().get('/', (c) =>
      streamSSE(c, async (stream) => {
        stream.onAbort(() => void (aborted = true));
        await stream.writeSSE({ event: 'tick', id: '1', data: 'now' });
        await until(() => aborted);
      }),
    );
    await using server = await serve(fromFetch(app));
    const client = await server.connect();
    client.send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const answer = await client.until('\n\n');
    expect(answer).toMatch(/content-type: text\/event-stream\r\n/i);
    expect(answer).toContain('event: tick\ndata: now\nid: 1\n\n');
    client.destroy();
    await until(() => aborted);
  });

  test('cookies: read, and set several of them', async () => {
    const app = new Hono().get('/', (c) => {
      setCookie(c, 'a', getCookie(c, 'seen') ?? 'no', { httpOnly: true });
      setCookie(c, 'b', '2');
      return c.text('');
    });
    await using server = await serve(fromFetch(app));
    const answer = await server.ask('GET /\nCookie: seen=yes');
    expect(answer.match(/set-cookie: .*/gi)).toEqual([
      expect.stringMatching(/a=yes; Path=\/; HttpOnly/),
      expect.stringMatching(/b=2/),
    ]);
  });

  test('parseBody: a multipart upload with a file and a field', async () => {
    const app = new Hono().post('/', async (c) => {
      const { file, title } = await c.req.parseBody();
      return file instanceof File
        ? c.json([title, file.name, file.type, await file.text()])
        : c.text('no file', 400);
    });
    await using server = await serve(fromFetch(app));
    const form = new FormData();
    form.set('title', 'a title');
    form.set('file', new File(['x'.repeat(300_000)], 'big.txt', { type: 'text/plain' }));
    const answer = await fetch(server.url, { method: 'POST', body: form });
    expect(await answer.json()).toEqual([
      'a title',
      'big.txt',
      expect.stringMatching(/^text\/plain/),
      'x'.repeat(300_000),
    ]);
  });

  test('basicAuth: 401 without, 200 with the password', async () => {
    const app = new Hono().use(basicAuth({ username: 'u', password: 'p' })).get('/', (c) => c.text('in'));
    await using server = await serve(fromFetch(app));
    expect(await server.ask('GET /')).toMatch(/^HTTP\/1.1 401 [^]*www-authenticate: Basic/i);
    const credentials = Buffer.from('u:p').toString('base64');
    expect(bodyOf(await server.ask(`GET /\nAuthorization: Basic ${credentials}`))).toBe('in');
  });

  test('etag: 304 to who has it', async () => {
    const app = new Hono().use(etag()).get('/', (c) => c.text('content'));
    await using server = await serve(fromFetch(app));
    const [, tag] = /etag: (.*)\r\n/i.exec(await server.ask('GET /')) ?? [];
    const again = await server.ask(`GET /\nIf-None-Match: ${tag}`);
    expect(again).toMatch(/^HTTP\/1.1 304 Not Modified\r\n/);
    expect(bodyOf(again)).toBe('');
  });

  test('cors and compress change the response on its way', async () => {
    const app = new Hono()
      .use(cors({ origin: 'https://a.example' }), compress())
      .get('/', (c) => c.text('x'.repeat(4096)));
    await using server = await serve(fromFetch(app));
    const answer = await fetch(server.url, {
      headers: { Origin: 'https://a.example', 'Accept-Encoding': 'gzip' },
    });
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://a.example');
    expect(await answer.text()).toBe('x'.repeat(4096));
    const raw = await server.ask('GET /\nAccept-Encoding: gzip');
    expect(raw).toMatch(/content-encoding: gzip/i);
    expect(gunzipSync(dechunk(bodyOf(raw))).toString()).toBe('x'.repeat(4096));
  });

  test('bodyLimit and methodOverride wrap the request in a new one', async () => {
    const app = new Hono();
    app.use('/override', methodOverride({ app }));
    app.post('/limited', bodyLimit({ maxSize: 4 }), async (c) => c.text(await c.req.text()));
    app.delete('/override', (c) => c.text('deleted'));
    await using server = await serve(fromFetch(app));
    expect(bodyOf(await server.ask('POST /limited', 'abcd'))).toBe('abcd');
    expect(await server.ask('POST /limited', 'abcde')).toMatch(/^HTTP\/1.1 413 /);
    const chunked = 'Transfer-Encoding: chunked';
    const raw = `POST /limited HTTP/1.1\r\nHost: x\r\n${chunked}\r\n\r\n5\r\nabcde\r\n0\r\n\r\n`;
    const client = await server.connect();
    client.send(raw);
    expect(await client.until(/^HTTP\/1.1 \d+ /)).toMatch(/^HTTP\/1.1 413 /);
    client.destroy();
    const form = 'Content-Type: application/x-www-form-urlencoded';
    expect(bodyOf(await server.ask(`POST /override\n${form}`, '_method=DELETE'))).toBe('deleted');
  });

  test('mount and proxy pass the request on', async () => {
    await using upstream = await serve(
      fromFetch(new Hono().post('/p', async (c) => c.text(`${c.req.header('x-a')} ${await c.req.text()}`))),
    );
    const app = new Hono()
      .mount(
        '/inner',
        async (req: Request) => new Response(`${new URL(req.url).pathname} ${await req.text()}`),
      )
      .post('/p', (c) => proxy(`${upstream.url}/p`, c.req));
    await using server = await serve(fromFetch(app));
    expect(bodyOf(await server.ask('POST /inner/x', 'body'))).toBe('/x body');
    expect(bodyOf(await server.ask('POST /p\nX-A: b', 'body'))).toContain('b body');
  });

  test('serveStatic of the Node adapter sends a file', async () => {
    await using folder = await temporaryFolder();
    await writeFile(join(folder.path, 'a.txt'), 'y'.repeat(200_000));
    const app = new Hono().use(
      '/files/*',
      serveStatic({ root: folder.path, rewriteRequestPath: (p) => p.slice(6) }),
    );
    await using server = await serve(fromFetch(app));
    const answer = await fetch(`${server.url}/files/a.txt`);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await answer.text()).toBe('y'.repeat(200_000));
  });

  test('a pipeline of requests on one connection is answered in order', async () => {
    const app = new Hono().get('/:n', async (c) => {
      if (c.req.param('n') === '1') await new Promise((resolve) => setTimeout(resolve, 20));
      return c.text(`[${c.req.param('n')}]`);
    });
    await using worker = {
      worker: createWorker(fromFetch(app)),
      [Symbol.asyncDispose]: () => worker.worker.close(),
    };
    const { port } = (await worker.worker.listen({ port: 0 })) as { port: number };
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    socket.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
    await until(() => received.includes('[2]'));
    expect(received.indexOf('[1]')).toBeLessThan(received.indexOf('[2]'));
    socket.destroy();
  });
});

function dechunk(latin1: string): Buffer {
  const parts: Buffer[] = [];
  let rest = latin1;
  for (;;) {
    const [line = ''] = rest.split('\r\n', 1);
    const size = Number.parseInt(line, 16);
    if (!size) return Buffer.concat(parts);
    parts.push(Buffer.from(rest.slice(line.length + 2, line.length + 2 + size), 'latin1'));
    rest = rest.slice(line.length + 4 + size);
  }
}
