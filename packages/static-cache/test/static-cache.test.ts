import { execFileSync } from 'node:child_process';
import { mkdir, rename, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Application, HeaderList } from '@highball/gateway-protocol';
import { temporaryFolder } from '@highball/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { staticCache, type StaticCacheOptions } from '../src/index.ts';
import { ask, environOf } from './support.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let root: string;
let app: Application;
const BIG = 'x'.repeat(99) + '\n';

beforeAll(async () => {
  folder = await temporaryFolder();
  root = join(folder.path, 'root');
  for (const name of ['sub', 'empty', '.well-known', '.git', 'sp ace', 'caf\u00e9'])
    await mkdir(join(root, name), { recursive: true });
  const files: Record<string, string> = {
    'index.html': '<p>home',
    'a.txt': '0123456789',
    'a b.txt': 'space',
    'café/é.txt': 'accent',
    'sub/index.html': '<p>sub',
    '.well-known/security.txt': 'contact',
    '.git/config': 'secret',
    '.env': 'secret',
    'packed.js': 'plain '.repeat(50),
    'packed.js.br': 'brotli',
    'packed.js.gz': 'gzip',
    'big.bin': BIG.repeat(20_000),
    'empty.txt': '',
    '..hidden': 'dots',
    'app.3f9a1c2b.js': 'hashed',
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content);
  await writeFile(join(folder.path, 'outside.txt'), 'outside');
  await symlink(join(folder.path, 'outside.txt'), join(root, 'leaving.txt'));
  await symlink(join(root, 'a.txt'), join(root, 'staying.txt'));
  await symlink(join(root, 'nowhere'), join(root, 'broken.txt'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  app = staticCache(root);
});
afterAll(() => folder[Symbol.asyncDispose]());

describe('files', () => {
  test('have validators, a type, a length and a rule for caches', async () => {
    const { status, headers, body } = await ask(app, 'GET /a.txt');
    expect([status, body]).toEqual([200, '0123456789']);
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-length': '10',
      'cache-control': 'no-cache',
      'accept-ranges': 'bytes',
    });
    expect(headers['etag']).toMatch(/^"[^"]+"$/);
    expect(headers['last-modified']).toMatch(/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/);
  });

  test('that are small are answered without a promise the second time, out of memory', async () => {
    await ask(app, 'GET /a.txt');
    expect(await ask(app, 'GET /a.txt')).toMatchObject({ synchronous: true, body: '0123456789' });
    expect(await ask(app, 'HEAD /a.txt')).toMatchObject({ synchronous: true, body: '' });
  });

  test('that are large are read in pieces', async () => {
    const { body, headers } = await ask(app, 'GET /big.bin');
    expect(body.length).toBe(2_000_000);
    expect(headers['content-length']).toBe('2000000');
  });

  test.each([
    ['/', '<p>home'],
    ['/sub/', '<p>sub'],
    ['/a%20b.txt', 'space'],
    ['/caf%C3%A9/%C3%A9.txt', 'accent'],
    ['/staying.txt', '0123456789'],
    ['/.well-known/security.txt', 'contact'],
    ['/empty.txt', ''],
    ['/a.txt?v=1', '0123456789'],
    ['//a.txt', '0123456789'],
  ])('%s is served', async (target, body) => {
    expect(await ask(app, `GET ${target}`)).toMatchObject({ status: 200, body });
  });

  test.each([
    ['/nothing', 404],
    ['/.git/config', 404],
    ['/.env', 404],
    ['/..hidden', 404],
    ['/leaving.txt', 404],
    ['/broken.txt', 404],
    ['/pipe', 404],
    ['/empty/', 404],
    ['/a.txt/', 404],
    ['/a.txt/x', 404],
    ['/%00', 400],
    ['/a.txt%00.html', 400],
    ['/../outside.txt', 400],
    ['/sub/../a.txt', 400],
    ['/%2e%2e/outside.txt', 400],
    ['/..%2foutside.txt', 400],
    ['/sub%2findex.html', 400],
    ['/..\\outside.txt', 400],
    ['/..%5coutside.txt', 400],
    ['/./a.txt', 400],
    ['/%ff', 400],
    ['/%c0%ae%c0%ae/outside.txt', 400],
    [`/${'a/'.repeat(3000)}`, 404],
    [`/${'a'.repeat(5000)}`, 404],
  ])('%s is %d', async (target, status) => {
    const answer = await ask(app, `GET ${target}`);
    expect(answer.status).toBe(status);
    expect(answer.body).not.toMatch(/secret|outside/);
  });

  test('a folder without its slash leads to the one with it, and never to another host', async () => {
    expect(await ask(app, 'GET /sub?x=1')).toMatchObject({
      status: 308,
      headers: { location: './sub/?x=1' },
    });
    const { headers } = await ask(app, 'GET //sub');
    expect(new URL(headers['location'] as string, 'http://host//sub').host).toBe('host');
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('%s is 405', async (method) => {
    expect(await ask(app, `${method} /a.txt`)).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD, OPTIONS' },
    });
  });

  test('OPTIONS says what is allowed', async () => {
    expect(await ask(app, 'OPTIONS /a.txt')).toMatchObject({
      status: 204,
      headers: { allow: 'GET, HEAD, OPTIONS' },
    });
  });
});

describe('conditions and ranges', () => {
  test('304 has the validator, the rule for caches and Vary, and no body', async () => {
    const first = await ask(app, 'GET /packed.js');
    const answer = await ask(app, 'GET /packed.js', { 'If-None-Match': first.headers['etag'] as string });
    expect(answer).toMatchObject({ status: 304, body: '' });
    expect(Object.keys(answer.headers).toSorted()).toEqual(['cache-control', 'etag', 'vary']);
  });

  test('If-Modified-Since', async () => {
    const { headers } = await ask(app, 'GET /a.txt');
    expect(
      (await ask(app, 'GET /a.txt', { 'If-Modified-Since': headers['last-modified'] as string })).status,
    ).toBe(304);
  });

  test('a failed If-Match is 412', async () => {
    expect((await ask(app, 'GET /a.txt', { 'If-Match': '"other"' })).status).toBe(412);
  });

  test.each([
    ['/a.txt', 'bytes=2-4', '234', 'bytes 2-4/10'],
    ['/a.txt', 'bytes=-5', '56789', 'bytes 5-9/10'],
    ['/a.txt', 'bytes=0-0', '0', 'bytes 0-0/10'],
    ['/big.bin', 'bytes=1999998-', 'x\n', 'bytes 1999998-1999999/2000000'],
  ])('%s %s', async (path, range, body, contentRange) => {
    const answer = await ask(app, `GET ${path}`, { Range: range });
    expect(answer).toMatchObject({
      status: 206,
      body,
      headers: { 'content-range': contentRange, 'content-length': `${body.length}` },
    });
  });

  test('several ranges come as parts, whose lengths add up', async () => {
    const { status, headers, body } = await ask(app, 'GET /big.bin', { Range: 'bytes=199-199,0-1' });
    expect(status).toBe(206);
    const boundary = /boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1];
    expect(body.split(`--${boundary}`)).toEqual([
      '\r\n',
      '\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 199-199/2000000\r\n\r\n\n\r\n',
      '\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 0-1/2000000\r\n\r\nxx\r\n',
      '--\r\n',
    ]);
    expect(headers['content-length']).toBe(String(body.length));
  });

  test('ranges that cost more than the file get the file', async () => {
    expect(await ask(app, 'GET /a.txt', { Range: 'bytes=0-,5-' })).toMatchObject({
      status: 206,
      body: '0123456789',
    });
  });

  test('none that can be had is 416', async () => {
    expect(await ask(app, 'GET /a.txt', { Range: 'bytes=10-' })).toMatchObject({
      status: 416,
      headers: { 'content-range': 'bytes */10' },
    });
  });

  test('If-Range with a weak or an old tag gets the whole file', async () => {
    const { headers } = await ask(app, 'GET /a.txt');
    expect(
      (await ask(app, 'GET /a.txt', { Range: 'bytes=0-1', 'If-Range': `W/${headers['etag']}` })).status,
    ).toBe(200);
    expect(
      (await ask(app, 'GET /a.txt', { Range: 'bytes=0-1', 'If-Range': headers['etag'] as string })).status,
    ).toBe(206);
  });
});

describe('precompressed siblings', () => {
  test.each([
    ['br, gzip', 'br', 'brotli'],
    ['gzip', 'gzip', 'gzip'],
    ['gzip;q=0', undefined, 'plain '.repeat(50)],
    ['zstd', undefined, 'plain '.repeat(50)],
  ])('for %s', async (accept, coding, body) => {
    const answer = await ask(app, 'GET /packed.js', { 'Accept-Encoding': accept });
    expect(answer.body).toBe(body);
    expect(answer.headers['content-encoding']).toBe(coding);
    expect(answer.headers['vary']).toBe('Accept-Encoding');
    expect(answer.headers['content-type']).toBe('text/javascript; charset=utf-8');
  });

  test('have tags of their own', async () => {
    const tags = await Promise.all(
      ['br', 'gzip', ''].map(
        async (accept) => (await ask(app, 'GET /packed.js', { 'Accept-Encoding': accept })).headers['etag'],
      ),
    );
    expect(new Set(tags).size).toBe(3);
  });

  test('a file without siblings does not vary', async () => {
    expect((await ask(app, 'GET /a.txt')).headers).not.toHaveProperty('vary');
  });
});

describe('options', () => {
  const make = (options: StaticCacheOptions): Application => staticCache(root, options);

  test('prefix is not part of the file’s name', async () => {
    const prefixed = make({ prefix: '/static/' });
    expect((await ask(prefixed, 'GET /static/a.txt')).status).toBe(200);
    expect(await ask(prefixed, 'GET /static')).toMatchObject({
      status: 308,
      headers: { location: './static/' },
    });
    expect((await ask(prefixed, 'GET /a.txt')).status).toBe(404);
    expect((await ask(prefixed, 'GET /statica.txt')).status).toBe(404);
  });

  test('fallback answers for pages, never for what looks like a file', async () => {
    const single = make({ fallback: 'index.html' });
    expect(await ask(single, 'GET /some/page')).toMatchObject({ status: 200, body: '<p>home' });
    expect((await ask(single, 'GET /missing.js')).status).toBe(404);
  });

  test('fallthrough is asked instead of 404 and 405', async () => {
    const next: Application = (_, startResponse) => (startResponse('299 Next', []), ['next']);
    const layered = make({ fallthrough: next });
    expect((await ask(layered, 'GET /nothing')).status).toBe(299);
    expect((await ask(layered, 'POST /a.txt')).status).toBe(299);
    expect((await ask(layered, 'GET /a.txt')).status).toBe(200);
  });

  test('dotfiles and links that leave can be allowed', async () => {
    expect((await ask(make({ dotfiles: 'serve' }), 'GET /.env')).body).toBe('secret');
    expect((await ask(make({ followSymlinks: true }), 'GET /leaving.txt')).body).toBe('outside');
  });

  test.each([
    [() => staticCache(join(root, 'a.txt')), 'is no folder'],
    [() => staticCache(join(root, 'nothing')), 'ENOENT'],
    [() => make({ prefix: 'static' }), 'prefix must start with /'],
  ])('what makes no sense is refused: %#', (attempt, message) => {
    expect(attempt).toThrow(message);
  });
});

describe('changes', () => {
  test('are seen after validMs, not before', async () => {
    let time = 0;
    const clocked = staticCache(root, { now: () => time, validMs: 1000 });
    const file = join(root, 'changing.txt');
    expect((await ask(clocked, 'GET /changing.txt')).status).toBe(404);
    await writeFile(file, 'one');
    expect((await ask(clocked, 'GET /changing.txt')).status).toBe(404);
    time += 1001;
    const first = await ask(clocked, 'GET /changing.txt');
    expect(first.body).toBe('one');
    await writeFile(file, 'two');
    await utimes(file, 1, 1);
    expect((await ask(clocked, 'GET /changing.txt')).body).toBe('one');
    time += 1001;
    const second = await ask(clocked, 'GET /changing.txt');
    expect(second.body).toBe('two');
    expect(second.headers['etag']).not.toBe(first.headers['etag']);
  });

  test('of a file under load: every answer is one version, whole', async () => {
    const versions = ['a', 'b'].map((letter) => letter.repeat(2_000_000));
    const file = join(root, 'replaced.bin');
    await writeFile(file, versions[0] as string);
    const eager = staticCache(root, { validMs: -1 });
    const state = { replacing: true };
    const replaced = (async () => {
      for (let i = 1; i <= 20; i++) {
        await writeFile(`${file}.new`, versions[i % 2] as string);
        await rename(`${file}.new`, file);
      }
      state.replacing = false;
    })();
    let answers = 0;
    while (state.replacing) {
      const { status, body } = await ask(eager, 'GET /replaced.bin');
      expect(status).toBe(200);
      expect(versions.includes(body)).toBe(true);
      answers++;
    }
    await replaced;
    expect(answers).toBeGreaterThan(1);
  });

  test('a file that is cut short while it is sent breaks off with an error', async () => {
    const file = join(root, 'shrinking.bin');
    await writeFile(file, BIG.repeat(20_000));
    const body = await app(environOf('GET /shrinking.bin'), () => () => undefined);
    const iterator = (body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
    await iterator.next();
    await truncate(file, 100);
    const rest = async (): Promise<void> => {
      while (!(await iterator.next()).done);
    };
    await expect(rest()).rejects.toThrow('has become shorter');
    await body.close?.();
  });
});

test('fields and a body in memory are the same frozen arrays each time: middleware makes others', async () => {
  const given = (fields: Record<string, string> = {}): unknown[] => {
    const seen: unknown[] = [];
    const start = (_status: string, headers: HeaderList): (() => void) => {
      seen.push(headers);
      return () => undefined;
    };
    seen.push(app(environOf('GET /a.txt', fields), start));
    return seen;
  };
  const etag = (await ask(app, 'GET /a.txt')).headers.etag as string;
  for (const fields of [{}, { 'If-None-Match': etag }]) {
    const [headers, body] = given(fields) as [HeaderList, unknown];
    expect([headers, ...headers, body].every(Object.isFrozen)).toBe(true);
    const [again, bodyAgain] = given(fields);
    expect(again).toBe(headers);
    expect(bodyAgain).toBe(body);
  }
});
