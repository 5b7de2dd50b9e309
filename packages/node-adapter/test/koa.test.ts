import Koa from 'koa';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { toApplication } from '../src/index.ts';
import { ask, CountingSource, deferred, get, serve, type Served } from './support.ts';

async function koa(middleware: Koa.Middleware): Promise<Served> {
  const app = new Koa();
  app.silent = true;
  app.use(middleware);
  return serve(await toApplication(app));
}

test('bodies of every kind: text, JSON, bytes, none', async () => {
  await using served = await koa((context) => {
    const bodies: Record<string, unknown> = { '/text': 'hö', '/json': { a: 1 }, '/bytes': Buffer.from('b') };
    context.body = bodies[context.path] ?? null;
  });
  expect(await (await fetch(`${served.url}/text`)).text()).toBe('hö');
  expect(await (await fetch(`${served.url}/json`)).json()).toEqual({ a: 1 });
  expect(await (await fetch(`${served.url}/bytes`)).text()).toBe('b');
  expect((await fetch(`${served.url}/none`)).status).toBe(204);
});

test('stream bodies, of Node and of the web, and a request that streams in', async () => {
  await using served = await koa(async (context) => {
    if (context.method === 'POST') context.body = (await text(context.req)).length;
    else if (context.path === '/web') context.body = new Response('from the web').body;
    else context.body = Readable.from(['one ', 'two']);
  });
  expect(await (await fetch(served.url)).text()).toBe('one two');
  expect(await (await fetch(`${served.url}/web`)).text()).toBe('from the web');
  const body = 'y'.repeat(400_000);
  expect(await (await fetch(served.url, { method: 'POST', body })).text()).toBe('400000');
});

test('throw, status, fresh, cookies, redirect and ip', async () => {
  await using served = await koa((context) => {
    if (context.path === '/throw') context.throw(418, 'short and stout');
    if (context.path === '/fail') throw new Error('secret');
    if (context.path === '/redirect') return context.redirect('/');
    context.cookies.set('a', '1');
    context.cookies.set('b', '2');
    context.etag = 'tag';
    context.status = 200;
    if (context.fresh) context.status = 304;
    else context.body = `${context.ip} ${context.host} ${context.cookies.get('c')}`;
  });
  const teapot = await fetch(`${served.url}/throw`);
  expect([teapot.status, await teapot.text()]).toEqual([418, 'short and stout']);
  const failed = await fetch(`${served.url}/fail`);
  expect([failed.status, await failed.text()]).toEqual([500, 'Internal Server Error']);
  expect((await fetch(`${served.url}/redirect`, { redirect: 'manual' })).headers.get('location')).toBe('/');
  const page = await ask(served, get('/', 'Cookie: c=3'), /127.0.0.1 example.org 3$/);
  expect(page.match(/Set-Cookie: [ab]=/gi)).toHaveLength(2);
  expect(await ask(served, get('/', 'If-None-Match: "tag"'), '\r\n\r\n')).toMatch(/^HTTP\/1.1 304/);
});

test('server-sent events leave one by one, trailers behind them', async () => {
  const go = deferred();
  await using served = await koa(async (context) => {
    context.respond = false;
    const { res } = context;
    res.writeHead(200, { 'Content-Type': 'text/event-stream', Trailer: 'X-Count' });
    res.write('data: 1\n\n');
    await go.promise;
    res.write('data: 2\n\n');
    res.addTrailers([['X-Count', '2']]);
    res.end();
  });
  const client = await served.connect();
  client.send(get('/'));
  await client.until('data: 1\n\n');
  expect(client.received).not.toContain('data: 2');
  go.resolve();
  await client.until(/data: 2\n\n\r\n0\r\nX-Count: 2\r\n\r\n$/);
  client.destroy();
});

test('a client that leaves destroys the stream that was its body', async () => {
  const destroyed = deferred();
  await using served = await koa((context) => {
    context.body = new Readable({
      read() {
        this.push('more '.repeat(1000));
      },
      destroy(error, callback) {
        destroyed.resolve();
        callback(error);
      },
    });
  });
  const client = await served.connect();
  client.send(get('/'));
  await client.until('more');
  client.destroy();
  await destroyed.promise;
});

test('a stream that fails behind the head cuts the connection', async () => {
  await using served = await koa((context) => {
    context.body = Readable.from(
      (async function* () {
        yield 'begun';
        await new Promise((resolve) => setTimeout(resolve, 10));
        throw new Error('broken');
      })(),
    );
  });
  const client = await served.connect();
  client.send(get('/'));
  await client.closed;
  expect(client.received).toContain('begun');
  expect(client.received).not.toMatch(/0\r\n\r\n$/);
});

test('early hints leave ahead of the answer, 100 when the body is read', async () => {
  await using served = await koa(async (context) => {
    context.res.writeEarlyHints({ link: '</a.css>; rel=preload' });
    context.body = `read ${await text(context.req)}`;
  });
  const client = await served.connect();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n');
  await client.until(/^HTTP\/1.1 103 Early Hints\r\nLink: <\/a.css>[^]*100 Continue\r\n\r\n$/);
  client.send('ok');
  await client.until(/200 OK[^]*read ok$/);
  client.destroy();
});

test('streams and the client’s pace: a slow client stops the source', async () => {
  const source = new CountingSource();
  await using served = await koa((context) => void (context.body = source));
  await source.checkPace(served);
});
