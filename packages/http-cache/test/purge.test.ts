import { temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { httpCache, purgeFolder } from '../src/index.ts';
import { Bench, gate, settle } from './support.ts';

const TAGGED = { 'Cache-Control': 'max-age=3600', 'Cache-Tag': 'Red, green', 'Surrogate-Key': 'blue violet' };

describe('a purge', () => {
  test.each([
    { url: 'http://site.example/a' },
    { prefix: 'http://site.example/' },
    { tag: 'red' },
    { tag: 'GREEN' },
    { tag: 'violet' },
    { all: true } as const,
  ])('%j has what it names fetched anew', async (target) => {
    const bench = new Bench(() => ({ fields: TAGGED }));
    await bench.ask({ path: '/a' });
    bench.cache.purge(target);
    expect((await bench.ask({ path: '/a' })).body).toBe('answer 2');
    expect((await bench.ask({ path: '/a' })).body).toBe('answer 2');
  });

  test.each([{ url: 'http://site.example/b' }, { prefix: 'http://site.example/b' }, { tag: 're' }])(
    '%j leaves the rest alone',
    async (target) => {
      const bench = new Bench(() => ({ fields: TAGGED }));
      await bench.ask({ path: '/a' });
      bench.cache.purge(target);
      expect((await bench.ask({ path: '/a' })).body).toBe('answer 1');
    },
  );

  test('tags are for the cache alone: no client sees them', async () => {
    const bench = new Bench(() => ({ fields: TAGGED }));
    for (const answer of [await bench.ask(), await bench.ask()]) {
      expect([answer.get('Cache-Tag'), answer.get('Surrogate-Key')]).toEqual([undefined, undefined]);
    }
    expect((await bench.ask({ method: 'POST' })).get('Cache-Tag')).toBeUndefined();
  });

  test('a soft one lets the stale answer stand in while it is fetched anew', async () => {
    const bench = new Bench(() => ({
      fields: { ...TAGGED, 'Cache-Control': 'max-age=3600, stale-while-revalidate=30' },
    }));
    await bench.ask();
    bench.cache.purge({ tag: 'red' }, { soft: true });
    bench.wait(1);
    const stale = await bench.ask();
    expect([stale.body, stale.get('Cache-Status')]).toEqual([
      'answer 1',
      'Highball; hit; ttl=-1; detail=stale-while-revalidate',
    ]);
    await settle();
    expect((await bench.ask()).body).toBe('answer 2');
  });

  test('a soft one is a validation, where nothing lets the stale answer stand in', async () => {
    const fields = { ...TAGGED, ETag: '"a"' };
    const bench = new Bench((_, index) =>
      index === 0 ? { fields } : { status: '304 Not Modified', fields, body: [] },
    );
    await bench.ask();
    bench.cache.purge({ all: true }, { soft: true });
    expect((await bench.ask()).get('Cache-Status')).toContain('fwd-status=304');
    expect((await bench.ask()).get('Cache-Status')).toContain('hit');
  });

  test('concerns what is being fetched: it is not stored, and nobody joins it', async () => {
    const open = gate();
    const bench = new Bench((_, index) => ({
      fields: TAGGED,
      body:
        index > 0
          ? ['new']
          : (async function* () {
              yield 'old';
              await open.opened;
            })(),
    }));
    const first = bench.ask();
    await settle();
    bench.cache.purge({ tag: 'blue' });
    expect((await bench.ask()).body).toBe('new');
    open.open();
    expect((await first).body).toBe('old');
    await settle();
    expect((await bench.ask()).body).toBe('new');
  });

  test.each([{ tag: 'two words' }, { tag: '' }, { url: '/relative' }])('%j is refused', (target) => {
    expect(() => httpCache().purge(target)).toThrow(expect.objectContaining({ code: 'BAD_PURGE' }));
  });
});

describe('a purge that counts', () => {
  test('tells what was valid in memory, and has it fetched anew', async () => {
    const bench = new Bench((environ) => ({
      fields: environ.PATH_INFO === '/other' ? { 'Cache-Control': 'max-age=60' } : TAGGED,
    }));
    for (const path of ['/a', '/b', '/other']) await bench.ask({ path });
    expect(await bench.cache.purgeAndCount({ tag: 'red' })).toEqual({ memory: 2, disk: 0 });
    expect(bench.cache.stats().entries).toBe(1);
    expect(await bench.cache.purgeAndCount({ tag: 'red' })).toEqual({ memory: 0, disk: 0 });
    expect((await bench.ask({ path: '/a' })).body).toBe('answer 4');
    expect((await bench.ask({ path: '/other' })).body).toBe('answer 3');
    expect(await bench.cache.purgeAndCount({ prefix: 'http://site.example/' })).toMatchObject({ memory: 2 });
  });

  test('a soft one counts what it makes stale, and keeps it', async () => {
    const bench = new Bench(() => ({ fields: TAGGED }));
    await bench.ask();
    expect(await bench.cache.purgeAndCount({ all: true }, { soft: true })).toMatchObject({ memory: 1 });
    expect(bench.cache.stats().entries).toBe(1);
  });

  test('looks on disk as well, when it is to, and removes what is gone there', async () => {
    await using folder = await temporaryFolder();
    const bench = new Bench(() => ({ fields: TAGGED }), { folder: folder.path });
    for (const path of ['/a', '/b']) await bench.ask({ path });
    await bench.cache.settled();
    const url = 'http://site.example/a';
    expect(await bench.cache.purgeAndCount({ url }, { disk: false })).toEqual({ memory: 1, disk: 0 });
    expect(await bench.cache.purgeAndCount({ url })).toEqual({ memory: 0, disk: 1 });
    expect(await bench.cache.purgeAndCount({ url })).toEqual({ memory: 0, disk: 0 });
    expect(await bench.cache.purgeAndCount({ all: true })).toEqual({ memory: 1, disk: 1 });
    await bench.cache.close();
  });
});

test('a purge of the folder reaches a cache that was not told', async () => {
  await using folder = await temporaryFolder();
  const bench = new Bench(() => ({ fields: TAGGED }), { folder: folder.path, maxDiskBytes: 0 });
  await bench.ask();
  purgeFolder(folder.path, { tag: 'red' });
  // Within the delay it may go unseen; then not any more.
  expect((await bench.ask()).body).toBe('answer 1');
  bench.wait(0.05);
  expect((await bench.ask()).body).toBe('answer 2');
  await bench.cache.close();
});

describe('an unsafe method', () => {
  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'ODD'])('%s invalidates, when it succeeds', async (method) => {
    const bench = new Bench((_, index) => ({
      status: index === 1 ? '500 Internal Server Error' : '200 OK',
      fields: { 'Cache-Control': 'max-age=60' },
    }));
    await bench.ask();
    await bench.ask({ method });
    expect((await bench.ask()).body).toBe('answer 1');
    await bench.ask({ method });
    expect((await bench.ask()).body).toBe('answer 4');
  });

  test.each(['OPTIONS', 'PROPFIND'])('%s is none', async (method) => {
    const bench = new Bench(() => ({ fields: { 'Cache-Control': 'max-age=60' } }));
    await bench.ask();
    expect((await bench.ask({ method })).get('Cache-Status')).toBe('Highball; fwd=method; fwd-status=200');
    expect((await bench.ask()).body).toBe('answer 1');
  });

  test.each([
    ['/other', true],
    ['http://site.example/other', true],
    ['http://evil.example/other', false],
    ['https://site.example/other', false],
  ])('with Location %s invalidates that: %s', async (location, invalidates) => {
    const bench = new Bench((environ) => ({
      fields: environ.REQUEST_METHOD === 'POST' ? { Location: location } : { 'Cache-Control': 'max-age=60' },
    }));
    const url = new URL(location, 'http://site.example/');
    const other = {
      path: '/other',
      keys: { HTTP_HOST: url.host, 'wsgi.url_scheme': url.protocol.slice(0, -1) as 'http' },
    };
    await bench.ask(other);
    await bench.ask({ method: 'POST' });
    expect((await bench.ask(other)).body === 'answer 1').toBe(!invalidates);
  });
});
