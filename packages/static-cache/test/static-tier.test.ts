import { mkdir, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Application } from '@highball/gateway-protocol';
import { temporaryFolder } from '@highball/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveOptions } from '../src/options.ts';
import { staticCache, type StaticCacheOptions } from '../src/index.ts';
import { StaticTier } from '../src/static-tier.ts';
import { ask, environOf } from './support.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  for (const name of ['docs', 'bare']) await mkdir(join(folder.path, name));
  const files: Record<string, string> = {
    'index.html': 'home',
    'about.html': 'about',
    about: 'about itself',
    'docs/index.htm': 'docs',
    'docs/guide.html': 'guide',
    'docs.html': 'beside docs',
    'offline.html': 'offline',
    '404.html': 'own 404',
    '416.html': 'own 416',
    'a.txt': '0123456789',
    'readme.md': '# read me',
    'app.3f9a1c2b.js': 'hashed',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder.path, name), content);
});
afterAll(() => folder[Symbol.asyncDispose]());

const make = (options: StaticCacheOptions = {}): Application => staticCache(folder.path, options);

describe('tryFiles', () => {
  const clean: StaticCacheOptions = { tryFiles: ['$uri', '$uri.html', '$uri/', '/offline.html'] };

  test.each([
    ['/about', 200, 'about itself'],
    ['/docs/guide', 200, 'guide'],
    ['/docs', 200, 'beside docs'],
    ['/', 200, 'home'],
    ['/nowhere', 200, 'offline'],
    ['/users/john.doe', 200, 'offline'],
    ['/missing.js', 404, '404 Not Found\n'],
    ['/missing.css.map', 404, '404 Not Found\n'],
    ['/nowhere/', 200, 'offline'],
    ['/.env', 404, '404 Not Found\n'],
  ])('%s', async (target, status, body) => {
    expect(await ask(make(clean), `GET ${target}`)).toMatchObject({ status, body });
  });

  test('is gone through in its order', async () => {
    const app = make({ tryFiles: ['$uri.html', '$uri'] });
    expect((await ask(app, 'GET /about')).body).toBe('about');
    expect((await ask(app, 'GET /a.txt')).body).toBe('0123456789');
    expect((await ask(app, 'GET /bare')).status).toBe(404);
  });

  test('names of files may have what a replacement would take for its own', async () => {
    await writeFile(join(folder.path, '$&.html'), 'dollar');
    expect((await ask(make(clean), 'GET /$&')).body).toBe('dollar');
  });
});

describe('folders', () => {
  test('the first of the index list that is there', async () => {
    const app = make({ index: ['index.html', 'index.htm'] });
    expect(await ask(app, 'GET /docs/')).toMatchObject({ status: 200, body: 'docs' });
    expect((await ask(make(), 'GET /docs/')).status).toBe(404);
  });

  test('a listing leads to its slash, too', async () => {
    const app = make({ autoindex: true });
    expect(await ask(app, 'GET /bare')).toMatchObject({ status: 308, headers: { location: './bare/' } });
    expect((await ask(app, 'GET /bare/')).status).toBe(200);
    expect((await ask(make(), 'GET /bare/')).status).toBe(404);
  });

  test('an index comes before a listing', async () => {
    expect((await ask(make({ autoindex: true }), 'GET /')).body).toBe('home');
  });
});

describe('errors', () => {
  const pages = { errorPages: { 404: '404.html', 416: '/416.html', 400: 'missing.html' } };

  test('have pages of their own, with their status and what belongs to it', async () => {
    const app = make(pages);
    expect(await ask(app, 'GET /nothing')).toMatchObject({
      status: 404,
      body: 'own 404',
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-length': '7',
        'cache-control': 'no-cache',
      },
    });
    const range = await ask(app, 'GET /a.txt', { Range: 'bytes=100-' });
    expect(range).toMatchObject({ status: 416, body: 'own 416', headers: { 'content-range': 'bytes */10' } });
    expect(range.headers).not.toHaveProperty('etag');
  });

  test('whose page is missing are a line of text', async () => {
    expect(await ask(make(pages), 'GET /%00')).toMatchObject({ status: 400, body: '400 Bad Request\n' });
  });

  test('can be answered by a function', async () => {
    const app = make({
      ...pages,
      onError: (status, headers, environ, startResponse) => {
        startResponse(status, [['Content-Type', 'application/json'], ...headers]);
        return [JSON.stringify({ status, path: environ.PATH_INFO })];
      },
    });
    expect(await ask(app, 'POST /a.txt')).toMatchObject({
      status: 405,
      body: '{"status":"405 Method Not Allowed","path":"/a.txt"}',
      headers: { allow: 'GET, HEAD, OPTIONS' },
    });
    expect((await ask(app, 'GET /nothing')).body).toBe('own 404');
  });
});

describe('fields', () => {
  test('nosniff and fields of one’s own', async () => {
    const { headers } = await ask(make({ headers: [['X-Frame-Options', 'DENY']] }), 'GET /a.txt');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
    expect((await ask(make({ nosniff: false }), 'GET /a.txt')).headers).not.toHaveProperty(
      'x-content-type-options',
    );
    expect((await ask(make(), 'GET /nothing')).headers['x-content-type-options']).toBe('nosniff');
  });

  test('types of one’s own', async () => {
    const { headers } = await ask(make({ types: { md: 'text/x-markdown' } }), 'GET /readme.md');
    expect(headers['content-type']).toBe('text/x-markdown; charset=utf-8');
  });

  test('Expires, for HTTP/1.0 alone', async () => {
    const app = make({ wallClock: () => Date.UTC(2026, 0, 1) });
    const expires = async (request: string, fields: Record<string, string> = {}): Promise<unknown> => {
      const answer: Record<string, string> = {};
      await app({ ...environOf(request, fields), SERVER_PROTOCOL: 'HTTP/1.0' }, (_, headers) => {
        Object.assign(answer, Object.fromEntries(headers));
        return () => undefined;
      });
      return answer['Expires'];
    };
    const etag = (await ask(app, 'GET /app.3f9a1c2b.js')).headers['etag'] as string;
    expect(await expires('GET /app.3f9a1c2b.js')).toBe('Fri, 01 Jan 2027 00:00:00 GMT');
    expect(await expires('HEAD /app.3f9a1c2b.js')).toBe('Fri, 01 Jan 2027 00:00:00 GMT');
    expect(await expires('GET /app.3f9a1c2b.js', { 'If-None-Match': etag })).toBe(
      'Fri, 01 Jan 2027 00:00:00 GMT',
    );
    expect(await expires('GET /a.txt')).toBe('Thu, 01 Jan 1970 00:00:00 GMT');
    expect((await ask(app, 'GET /a.txt')).headers).not.toHaveProperty('expires');
  });

  test('entity tags of the content are the same for the same content, whenever it was written', async () => {
    const [one, two] = ['same-1.txt', 'same-2.txt'].map((name) => join(folder.path, name)) as [
      string,
      string,
    ];
    await writeFile(one, 'same');
    await writeFile(two, 'same');
    await utimes(two, 1, 1);
    const tag = async (app: Application, path: string): Promise<string | undefined> =>
      (await ask(app, `GET ${path}`)).headers['etag'];
    const byContent = make({ etag: 'content' });
    expect(await tag(byContent, '/same-1.txt')).toBe(await tag(byContent, '/same-2.txt'));
    expect(await tag(byContent, '/a.txt')).not.toBe(await tag(byContent, '/same-2.txt'));
    expect(await tag(make(), '/same-1.txt')).not.toBe(await tag(make(), '/same-2.txt'));
  });
});

describe('requests', () => {
  test('HEAD ignores Range, which is for GET alone (RFC 9110 §14.2)', async () => {
    expect(await ask(make(), 'HEAD /a.txt', { Range: 'bytes=0-1' })).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': '10' },
    });
  });

  test('several ranges of a file in memory come at once, as of one on the disk', async () => {
    const file = join(folder.path, 'ranges.txt');
    await writeFile(file, 'abc'.repeat(1000));
    const parts = (answer: { body: string }): string[] => answer.body.split(/--[\da-f-]{36}(?:--)?\r\n/);
    const cached = make();
    await ask(cached, 'GET /ranges.txt');
    const range = { Range: 'bytes=2000-2002,0-3' };
    const fromMemory = await ask(cached, 'GET /ranges.txt', range);
    const fromDisk = await ask(make({ maxFileBytes: 10 }), 'GET /ranges.txt', range);
    expect([fromMemory.synchronous, fromDisk.synchronous]).toEqual([true, false]);
    expect(parts(fromMemory)).toEqual(parts(fromDisk));
    expect(parts(fromMemory).length).toBe(4);
    for (const answer of [fromMemory, fromDisk])
      expect(answer.headers['content-length']).toBe(String(answer.body.length));
    await rm(file);
  });
});

test('memory stays below its cap, whatever is asked for', async () => {
  const many = join(folder.path, 'many');
  await mkdir(many);
  for (let i = 0; i < 300; i++) await writeFile(join(many, `${i}.bin`), Buffer.alloc(10_000 + 300 * i));
  const maxBytes = 2_000_000;
  const tier = new StaticTier(many, resolveOptions({ maxBytes }));
  const app: Application = (environ, startResponse) => tier.handle(environ, startResponse);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 300; i++) {
      await Promise.all([
        ask(app, `GET /${i}.bin`),
        ask(app, `GET /none-${round}-${i}`),
        ask(app, 'GET /7.bin'),
      ]);
      expect(tier.bytes).toBeLessThanOrEqual(maxBytes);
    }
  }
  // And what is asked for all the time has outlived all that.
  expect(await ask(app, 'GET /7.bin')).toMatchObject({ synchronous: true });
});
