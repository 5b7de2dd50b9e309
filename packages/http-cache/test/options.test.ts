import { describe, expect, test } from 'vitest';
import { begin, Bench, settle } from './support.ts';

const HOUR = { 'Cache-Control': 'max-age=3600' };

test('minUses: what is asked for once is not stored', async () => {
  const bench = new Bench(() => ({ fields: HOUR }), { minUses: 2 });
  expect((await bench.ask()).get('Cache-Status')).toContain('detail=min-uses');
  expect((await bench.ask()).get('Cache-Status')).toContain('stored');
  expect((await bench.ask()).body).toBe('answer 2');
});

test('maxVariants: the oldest leaves', async () => {
  const bench = new Bench(() => ({ fields: { ...HOUR, Vary: 'X-A' } }), { maxVariants: 3 });
  for (const kind of ['1', '2', '3', '4']) await bench.ask({ fields: { 'X-A': kind } });
  expect(bench.cache.stats().entries).toBe(4);
  expect((await bench.ask({ fields: { 'X-A': '4' } })).body).toBe('answer 4');
  expect((await bench.ask({ fields: { 'X-A': '1' } })).body).toBe('answer 5');
});

test('maxBytes: memory has its cap, with all that an entry takes up', async () => {
  const bench = new Bench(() => ({ fields: HOUR, body: ['x'.repeat(1000)] }), { maxBytes: 20_000 });
  for (let i = 0; i < 100; i++) await bench.ask({ path: `/${i}` });
  expect(bench.cache.stats().bytes).toBeLessThanOrEqual(20_000);
  expect(bench.cache.stats().entries).toBeGreaterThan(5);
});

test('what is kept holds on to no more than itself', async () => {
  const socketBuffer = Buffer.alloc(65_536, 'x');
  const bench = new Bench(() => ({
    fields: HOUR,
    body: [socketBuffer.subarray(0, 10), 'abc', socketBuffer.subarray(5, 6)],
  }));
  expect((await bench.ask()).body).toBe('xxxxxxxxxxabcx');
  const { body } = await begin(bench.app);
  expect((body as Uint8Array[]).map((chunk) => chunk.buffer.byteLength)).toEqual([14]);
});

test.each([
  ['told', { 'Content-Length': '2000' }],
  ['untold', {}],
])('maxObjectBytes: what is larger is passed on whole and not stored, its length %s', async (_, length) => {
  const bench = new Bench(
    () => ({
      fields: { ...HOUR, ...length },
      body: (async function* () {
        for (let i = 0; i < 20; i++) yield 'x'.repeat(100);
      })(),
    }),
    { maxObjectBytes: 1000 },
  );
  expect((await bench.ask()).body).toHaveLength(2000);
  expect((await bench.ask()).body).toHaveLength(2000);
  expect(bench.asked).toBe(2);
});

test('requestDirectives: clients may be ignored', async () => {
  const bench = new Bench(() => ({ fields: HOUR }), { requestDirectives: 'ignore' });
  await bench.ask();
  for (const directive of ['no-cache', 'no-store', 'max-age=0', 'min-fresh=9999']) {
    expect((await bench.ask({ fields: { 'Cache-Control': directive } })).body).toBe('answer 1');
  }
});

test.each([
  ['no-cache', 0],
  ['max-age=5', 10],
  ['min-fresh=3595', 10],
])('requestDirectives: %s has the origin asked', async (directive, seconds) => {
  const bench = new Bench(() => ({ fields: HOUR }));
  await bench.ask();
  bench.wait(seconds);
  const answer = await bench.ask({ fields: { 'Cache-Control': directive } });
  expect([answer.body, answer.get('Cache-Status')]).toEqual([
    'answer 2',
    'Highball; fwd=request; fwd-status=200; stored',
  ]);
});

test('requestDirectives: max-stale and only-if-cached', async () => {
  const bench = new Bench(() => ({ fields: { 'Cache-Control': 'max-age=10' } }));
  const with_ = (directive: string) => bench.ask({ fields: { 'Cache-Control': directive } });
  expect((await with_('only-if-cached')).status).toBe(504);
  expect(bench.asked).toBe(0);
  await bench.ask();
  bench.wait(20);
  expect((await with_('max-stale=10')).body).toBe('answer 1');
  expect((await with_('max-stale')).body).toBe('answer 1');
  expect((await with_('only-if-cached')).status).toBe(504);
  expect((await with_('max-stale=9')).body).toBe('answer 2');
});

test('storeCookies, name, bypass, ignoredParameters', async () => {
  const bench = new Bench(() => ({ fields: { ...HOUR, 'Set-Cookie': 'a=b' } }), {
    storeCookies: true,
    name: false,
    bypass: (environ) => environ.PATH_INFO === '/live',
    ignoredParameters: ['utm'],
  });
  await bench.ask({ path: '/a?utm=1' });
  const answer = await bench.ask({ path: '/a?utm=2' });
  expect([answer.get('Set-Cookie'), answer.get('Cache-Status'), bench.asked]).toEqual(['a=b', undefined, 1]);
  await bench.ask({ path: '/live' });
  await bench.ask({ path: '/live' });
  expect(bench.asked).toBe(3);
});

describe('directives with names', () => {
  test.each(['no-cache', 'private'])(
    '%s="Set-Cookie" keeps that field out, and the rest is stored',
    async (directive) => {
      const bench = new Bench(() => ({
        fields: {
          'Cache-Control': `max-age=60, ${directive}="Set-Cookie, X-Mine"`,
          'Set-Cookie': 'a=b',
          'X-Mine': '1',
          'X-All': '2',
        },
      }));
      const first = await bench.ask();
      expect([first.get('Set-Cookie'), first.get('X-Mine')]).toEqual(['a=b', '1']);
      const second = await bench.ask();
      expect(second.body).toBe('answer 1');
      expect([second.get('Set-Cookie'), second.get('X-Mine'), second.get('X-All')]).toEqual([
        undefined,
        undefined,
        '2',
      ]);
    },
  );
});

test('staleWhileRevalidateSeconds and staleIfErrorSeconds: for origins that say nothing', async () => {
  const bench = new Bench(
    (_, index) =>
      index < 2 ? { fields: { 'Cache-Control': 'max-age=10' } } : { status: '503 Service Unavailable' },
    {
      staleWhileRevalidateSeconds: 10,
      staleIfErrorSeconds: 100,
    },
  );
  await bench.ask();
  bench.wait(15);
  expect((await bench.ask()).body).toBe('answer 1');
  await settle();
  bench.wait(30);
  expect((await bench.ask()).body).toBe('answer 2');
  bench.wait(100);
  expect((await bench.ask()).status).toBe(503);
});
