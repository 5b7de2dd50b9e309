// oxlint-disable-next-line import/no-unassigned-import
import { temporaryFolder } from '@highball/testkit';
import cookieParser from 'cookie-parser';
import express, { type NextFunction, type Request, type Response } from 'express';
import multer from 'multer';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { fromNode } from '../src/index.ts';
import { ask, CountingSource, deferred, get, type Served, serve, serveHandler } from './support.ts';

describe('helpers', () => {
  test('json and send: types, lengths, etags and 304', async () => {
    const app = express();
    app.get('/json', (_req, res) => void res.json({ a: [1, 'ü'] }));
    app.get('/text', (_req, res) => void res.send('grüezi'));
    app.get('/bytes', (_req, res) => void res.send(Buffer.from([1, 2, 3])));
    await using served = await serveHandler(app);
    const json = await fetch(`${served.url}/json`);
    expect(await json.json()).toEqual({ a: [1, 'ü'] });
    expect(json.headers.get('content-type')).toBe('application/json; charset=utf-8');
    const etag = json.headers.get('etag') as string;
    const again = await ask(served, get('/json', `If-None-Match: ${etag}`), '\r\n\r\n');
    expect(again).toMatch(/^HTTP\/1.1 304 Not Modified\r\n/);
    expect(await (await fetch(`${served.url}/text`)).text()).toBe('grüezi');
    expect((await fetch(`${served.url}/bytes`)).headers.get('content-length')).toBe('3');
  });

  test('redirect, status, format, vary, location, links', async () => {
    const app = express();
    app.get('/old', (_req, res) => res.redirect(301, '/new'));
    app.get('/links', (_req, res) => void res.links({ next: '/2' }).vary('Accept').sendStatus(202));
    app.get('/format', (_req, res) => void res.format({ json: () => res.json({}), html: () => res.send('<p>') })); // prettier-ignore
    await using served = await serveHandler(app);
    expect(await ask(served, get('/old'), /Moved Permanently. Redirecting to/)).toMatch(
      /^HTTP\/1.1 301 Moved Permanently\r\n[^]*Location: \/new\r\n/,
    );
    expect(await ask(served, get('/links'), 'Accepted')).toContain('Link: </2>; rel="next"');
    expect(await ask(served, get('/format', 'Accept: text/html'), '<p>')).toContain('text/html');
  });

  test('cookies: several, signed, read back', async () => {
    const app = express();
    app.use(cookieParser('secret'));
    app.get('/set', (_req, res) => {
      res.cookie('plain', 'ä b', { httpOnly: true }).cookie('signed', 'yes', { signed: true });
      res.clearCookie('old').send('set');
    });
    app.get('/read', (req: Request, res) => void res.json([req.cookies, req.signedCookies]));
    await using served = await serveHandler(app);
    const cookies = (await fetch(`${served.url}/set`)).headers.getSetCookie();
    expect(cookies).toHaveLength(3);
    const cookie = cookies.slice(0, 2).map((line) => line.split(';')[0]).join('; '); // prettier-ignore
    const read = await fetch(`${served.url}/read`, { headers: { cookie } });
    expect(await read.json()).toEqual([{ plain: 'ä b' }, { signed: 'yes' }]);
  });

  test('sendFile, download and static: ranges, conditions, 404', async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, 'public'));
    await writeFile(join(folder.path, 'public/a.txt'), '0123456789'.repeat(30_000));
    const app = express();
    app.get('/file', (_req, res) => res.sendFile('public/a.txt', { root: folder.path }));
    app.get('/download', (_req, res) => res.download(join(folder.path, 'public/a.txt'), 'ü.txt'));
    app.use('/static', express.static(join(folder.path, 'public')));
    await using served = await serveHandler(app);
    const file = await fetch(`${served.url}/file`);
    expect((await file.text()).length).toBe(300_000);
    const part = await fetch(`${served.url}/static/a.txt`, { headers: { range: 'bytes=10-14' } });
    expect([part.status, await part.text(), part.headers.get('content-range')]).toEqual([
      206,
      '01234',
      'bytes 10-14/300000', // prettier-ignore
    ]);
    const since = `If-Modified-Since: ${file.headers.get('last-modified')}`;
    expect(await ask(served, get('/file', since), '\r\n\r\n')).toMatch(/^HTTP\/1.1 304/);
    const download = await fetch(`${served.url}/download`, { method: 'HEAD' });
    expect(download.headers.get('content-disposition')).toContain("filename*=UTF-8''%C3%BC.txt");
    expect((await fetch(`${served.url}/static/none`)).status).toBe(404);
  });

  test('ip, ips, protocol, secure and hostname follow the server’s trust', async () => {
    const app = express();
    app.set('trust proxy', true);
    app.get('/', (req, res) => void res.json([req.ip, req.protocol, req.secure, req.hostname, req.ips]));
    const forwarded = ['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https'];
    await using trusting = await serve(fromNode(app));
    expect(await ask(trusting, get('/', ...forwarded), /\]$/)).toContain(
      '["203.0.113.9","https",true,"example.org",["203.0.113.9"]]',
    );
    // The server does not believe them, so that Express, which would, does not see them.
    await using strict = await serve(fromNode(app), { environ: { forwardedAllowIps: [] } });
    expect(await ask(strict, get('/', ...forwarded), /\]$/)).toContain(
      '["127.0.0.1","http",false,"example.org",[]]',
    );
  });

  test('params, query, bodies of both kinds', async () => {
    const app = express();
    app.use(express.json(), express.urlencoded({ extended: true }));
    app.post('/p/:id', (req, res) => void res.json([req.params, req.query, req.body]));
    await using served = await serveHandler(app);
    const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' };
    expect(await (await fetch(`${served.url}/p/%C3%BC?q=1`, json)).json()).toEqual([{ id: 'ü' }, { q: '1' }, { a: 1 }]); // prettier-ignore
    const form = { method: 'POST', body: new URLSearchParams({ b: '2' }) };
    expect(await (await fetch(`${served.url}/p/x`, form)).json()).toEqual([{ id: 'x' }, {}, { b: '2' }]);
    const broken = await fetch(`${served.url}/p/x`, { ...json, body: '{' });
    expect(broken.status).toBe(400);
  });
});

test('uploads through multer', async () => {
  const app = express();
  app.post('/', multer().array('files'), (req: Request, res) => {
    const files = req.files as Express.Multer.File[];
    res.json([req.body, files.map(({ originalname, size, mimetype }) => [originalname, size, mimetype])]);
  });
  await using served = await serveHandler(app);
  const form = new FormData();
  form.set('title', 'two files');
  form.append('files', new Blob(['x'.repeat(500_000)], { type: 'text/plain' }), 'a.txt');
  form.append('files', new Blob([new Uint8Array(10)]), 'b.bin');
  const response = await fetch(served.url, { method: 'POST', body: form });
  expect(await response.json()).toEqual([
    { title: 'two files' },
    [
      ['a.txt', 500_000, 'text/plain'],
      ['b.bin', 10, 'application/octet-stream'],
    ],
  ]);
});

test('streams pipe out, and a request pipes to its response', async () => {
  const app = express();
  app.get('/out', (_req, res) => void Readable.from(['a', 'b', 'c']).pipe(res.type('text')));
  app.post('/echo', (req, res) => void req.pipe(res));
  await using served = await serveHandler(app);
  expect(await (await fetch(`${served.url}/out`)).text()).toBe('abc');
  const body = 'z'.repeat(1_000_000);
  expect(await (await fetch(`${served.url}/echo`, { method: 'POST', body })).text()).toBe(body);
});

test('server-sent events leave one by one', async () => {
  const next = [deferred(), deferred()];
  const app = express();
  app.get('/', async (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream', Connection: 'keep-alive' });
    res.flushHeaders();
    for (const step of next) {
      res.write('data: tick\n\n');
      await step.promise;
    }
    res.end('data: last\n\n');
  });
  await using served = await serveHandler(app);
  const client = await served.connect();
  client.send(get('/'));
  await client.until(/^HTTP\/1.1 200 OK[^]*data: tick\n\n\r\n$/);
  next[0]!.resolve();
  await client.until(/tick[^]*tick/);
  next[1]!.resolve();
  await client.until(/data: last\n\n\r\n0\r\n\r\n$/);
  client.destroy();
});

test('trailers leave behind the body', async () => {
  const app = express();
  app.get('/', (_req, res) => {
    res.set('Trailer', 'X-Sum').write('body');
    res.addTrailers({ 'X-Sum': 'abc' });
    res.end();
  });
  await using served = await serveHandler(app);
  expect(await ask(served, get('/'), /X-Sum: abc\r\n\r\n$/)).toContain('body');
});

test('a client that leaves closes request and response', async () => {
  const closed = deferred();
  const app = express();
  app.get('/', (req, res) => {
    req.on('close', () => {
      expect([req.destroyed, res.writableEnded]).toEqual([true, false]);
      closed.resolve();
    });
    res.write('waiting');
  });
  await using served = await serveHandler(app);
  const client = await served.connect();
  client.send(get('/'));
  await client.until('waiting');
  client.destroy();
  await closed.promise;
});

describe('errors', () => {
  const app = express();
  app.get('/throws', () => {
    throw new Error('sync');
  });
  app.get('/rejects', () => Promise.reject(new Error('async')));
  app.get('/late', async (_req, res) => {
    res.write('begun');
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error('late');
  });
  app.use((error: Error, _req: Request, res: Response, next: NextFunction) => {
    if (res.headersSent) next(error);
    else res.status(503).send(`handled ${error.message}`);
  });

  const status = async (served: Served, path: string): Promise<[number, string]> => {
    const response = await fetch(served.url + path);
    return [response.status, await response.text()];
  };

  test('reach the error handler of Express; without a route it is 404', async () => {
    await using served = await serveHandler(app);
    expect(await status(served, '/throws')).toEqual([503, 'handled sync']);
    expect(await status(served, '/rejects')).toEqual([503, 'handled async']);
    expect((await status(served, '/none'))[0]).toBe(404);
  });

  test('behind the head cut the connection', async () => {
    await using served = await serveHandler(app.set('env', 'test'));
    const client = await served.connect();
    client.send(get('/late'));
    await client.closed;
    expect(client.received).toMatch(/5\r\nbegun\r\n$/);
  });
});

test('an application below a mount sees its part of the address', async () => {
  const app = express();
  app.get('/x', (req, res) => void res.json([req.url, req.baseUrl, req.originalUrl, req.path]));
  const mounted = fromNode(app);
  await using served = await serve((environ, startResponse) => {
    environ.SCRIPT_NAME = '/blog';
    environ.PATH_INFO = environ.PATH_INFO.slice('/blog'.length);
    return mounted(environ, startResponse);
  });
  expect(await (await fetch(`${served.url}/blog/x?y=1`)).json()).toEqual(['/x?y=1', '/blog', '/blog/x?y=1', '/x']); // prettier-ignore
});

test('early hints leave ahead of the answer, 100 when the body is read', async () => {
  const app = express();
  app.post('/', express.text(), (req, res) => {
    res.writeEarlyHints({ link: '</a.css>; rel=preload' });
    res.send(`read ${String(req.body)}`);
  });
  await using served = await serveHandler(app);
  const client = await served.connect();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n'); // prettier-ignore
  await client.until(/^HTTP\/1.1 100 Continue\r\n\r\n$/);
  client.send('ok');
  await client.until(/103 Early Hints\r\nLink: <\/a.css>[^]*200 OK[^]*read ok$/);
  client.destroy();
});

test('streams and the client’s pace: a slow client stops the source', async () => {
  const source = new CountingSource();
  const app = express().get('/', (_req, res) => void pipeline(source, res, () => undefined));
  await using served = await serveHandler(app);
  await source.checkPace(served);
});
