import { describe, expect, test } from 'vitest';
import { httpCache } from '../src/index.ts';
import { ask, begin, Bench, environOf, settle } from './support.ts';

const HOUR = { 'Cache-Control': 'max-age=3600' };

describe('a fresh response', () => {
  test('answers the next request, with its age, and says so', async () => {
    const bench = new Bench(() => ({ fields: HOUR }));
    const first = await bench.ask();
    bench.wait(10);
    const second = await bench.ask();
    expect(first.get('Cache-Status')).toBe('Highball; fwd=uri-miss; fwd-status=200; stored');
    expect(second.body).toBe('answer 1');
    expect(second.get('Age')).toBe('10');
    expect(second.get('Cache-Status')).toBe('Highball; hit; ttl=3590');
    expect(bench.asked).toBe(1);
  });

  test('says nothing of the exchange that it came from, nor of the one that confirmed it', async () => {
    const bench = new Bench((_, index) => ({
      status: index === 0 ? '200 OK' : '304 Not Modified',
      fields: { ...HOUR, ETag: '"a"', 'X-Request-Id': `id ${index}`, 'Server-Timing': `t${index}` },
      body: index === 0 ? ['made'] : [],
    }));
    expect((await bench.ask()).get('X-Request-Id')).toBe('id 0');
    const stored = await bench.ask();
    expect([stored.get('X-Request-Id'), stored.get('Server-Timing')]).toEqual([undefined, undefined]);
    bench.wait(7200);
    await bench.ask();
    const confirmed = await bench.ask();
    expect(confirmed.body).toBe('made');
    expect([confirmed.get('X-Request-Id'), confirmed.get('Server-Timing')]).toEqual([undefined, undefined]);
    expect(bench.asked).toBe(2);
  });

  test('is answered from memory without a promise', async () => {
    const bench = new Bench(() => ({ fields: HOUR }));
    await bench.ask();
    const body = bench.app(environOf({}), () => () => undefined);
    expect(Array.isArray(body)).toBe(true);
  });

  test('answers HEAD, without its body', async () => {
    const bench = new Bench(() => ({ fields: HOUR }));
    await bench.ask();
    const answer = await bench.ask({ method: 'HEAD' });
    expect(answer.body).toBe('');
    expect(answer.get('Content-Length')).toBe('8');
    expect(bench.asked).toBe(1);
  });

  test('is another one for another host, scheme, path or query', async () => {
    const bench = new Bench(() => ({ fields: HOUR }));
    await bench.ask({ path: '/a?b' });
    for (const request of [
      { path: '/a' },
      { path: '/A?b' },
      { path: '/a?b', fields: { Host: 'other.example' } },
      { path: '/a?b', keys: { 'wsgi.url_scheme': 'https' as const } },
    ]) {
      const before = bench.asked;
      await bench.ask(request);
      expect(bench.asked).toBe(before + 1);
    }
  });
});

describe('a stale response', () => {
  test('is validated with both validators, and a 304 makes it fresh', async () => {
    const fields = {
      'Cache-Control': 'max-age=10',
      ETag: '"a"',
      'Last-Modified': 'Mon, 01 Jan 2029 00:00:00 GMT',
    };
    const bench = new Bench((_, index) =>
      index === 0
        ? { fields }
        : { status: '304 Not Modified', fields: { ...fields, 'X-New': '1' }, body: [] },
    );
    await bench.ask();
    bench.wait(11);
    const second = await bench.ask();
    bench.wait(5);
    const third = await bench.ask();
    expect(bench.requests[1]).toMatchObject({
      HTTP_IF_NONE_MATCH: '"a"',
      HTTP_IF_MODIFIED_SINCE: 'Mon, 01 Jan 2029 00:00:00 GMT',
    });
    expect([second.status, second.body, second.get('X-New')]).toEqual([200, 'answer 1', '1']);
    expect(second.get('Cache-Status')).toBe('Highball; fwd=stale; fwd-status=304');
    expect(third.get('Cache-Status')).toContain('hit');
    expect(bench.asked).toBe(2);
  });

  test('is used while one fetch in the background replaces it', async () => {
    const bench = new Bench(() => ({ fields: { 'Cache-Control': 'max-age=10, stale-while-revalidate=60' } }));
    await bench.ask();
    bench.wait(20);
    const answers = await Promise.all([bench.ask(), bench.ask(), bench.ask()]);
    await settle();
    expect(answers.map(({ body }) => body)).toEqual(['answer 1', 'answer 1', 'answer 1']);
    expect(bench.asked).toBe(2);
    expect((await bench.ask()).body).toBe('answer 2');
  });

  test('is not used without end while it is revalidated', async () => {
    const bench = new Bench(() => ({ fields: { 'Cache-Control': 'max-age=10, stale-while-revalidate=60' } }));
    await bench.ask();
    bench.wait(71);
    expect((await bench.ask()).body).toBe('answer 2');
  });

  test.each(['500', '502', '503', '504', 'a failure'])(
    'stands in for %s, where the origin allows it',
    async (what) => {
      const bench = new Bench((_, index) => {
        if (index === 0) return { fields: { 'Cache-Control': 'max-age=10, stale-if-error=60' } };
        if (what === 'a failure') throw new Error('no connection');
        return { status: `${what} Error` };
      });
      await bench.ask();
      bench.wait(20);
      const answer = await bench.ask();
      expect([answer.status, answer.body]).toEqual([200, 'answer 1']);
      expect(answer.get('Cache-Status')).toContain('detail=stale-if-error-');
      bench.wait(60);
      const after = await bench.ask().catch(() => undefined);
      expect(after?.status).not.toBe(200);
    },
  );

  test.each(['must-revalidate', 'proxy-revalidate', 'no-cache'])(
    'never stands in with %s',
    async (directive) => {
      const bench = new Bench((_, index) =>
        index === 0
          ? {
              fields: {
                ETag: '"a"',
                'Cache-Control': `max-age=10, stale-if-error=60, stale-while-revalidate=60, ${directive}`,
              },
            }
          : { status: '503 Service Unavailable' },
      );
      await bench.ask();
      bench.wait(20);
      expect((await bench.ask()).status).toBe(503);
    },
  );
});

describe('what is not stored', () => {
  test.each([
    ['no-store', { 'Cache-Control': 'max-age=60, no-store' }, {}],
    ['private', { 'Cache-Control': 'max-age=60, private' }, {}],
    ['set-cookie', { ...HOUR, 'Set-Cookie': 'a=b' }, {}],
    ['vary', { ...HOUR, Vary: 'Accept, *' }, {}],
    ['no-freshness', {}, {}],
    ['authorization', HOUR, { Authorization: 'Basic x' }],
    ['request-no-store', HOUR, { 'Cache-Control': 'no-store' }],
  ])('%s: the reason is told', async (reason, fields, asked) => {
    const told: string[] = [];
    const bench = new Bench(() => ({ fields }), { onNotStored: (url, why) => told.push(`${url} ${why}`) });
    const answer = await bench.ask({ fields: asked });
    expect(answer.get('Cache-Status')).toBe(`Highball; fwd=uri-miss; fwd-status=200; detail=${reason}`);
    expect(told).toEqual([`http://site.example/ ${reason}`]);
    expect((await bench.ask()).body).toBe('answer 2');
  });

  test.each(['public', 's-maxage=60', 'must-revalidate'])(
    'Authorization is no reason with %s',
    async (directive) => {
      const bench = new Bench(() => ({ fields: { 'Cache-Control': `max-age=60, ${directive}` } }));
      await bench.ask({ fields: { Authorization: 'Basic x' } });
      expect((await bench.ask()).body).toBe('answer 1');
    },
  );

  test('a body shorter than its Content-Length is cut, and not stored', async () => {
    const bench = new Bench(() => ({ fields: { ...HOUR, 'Content-Length': '100' } }));
    await expect(bench.ask()).rejects.toMatchObject({ code: 'TRUNCATED' });
    await expect(bench.ask()).rejects.toMatchObject({ code: 'TRUNCATED' });
    expect(bench.asked).toBe(2);
  });

  test('a body that breaks off is cut, and not stored', async () => {
    const bench = new Bench((_, index) => ({
      fields: HOUR,
      body:
        index > 0
          ? ['whole']
          : (async function* () {
              yield 'a part';
              throw new Error('reset');
            })(),
    }));
    await expect(bench.ask()).rejects.toThrow('reset');
    expect((await bench.ask()).body).toBe('whole');
  });
});

test('an option that makes no sense is refused', () => {
  expect(() => httpCache({ maxBytes: -1 })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
  expect(() => httpCache({ name: 'two words' })).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
});

test('what is stored cannot be changed by who gets it', async () => {
  const bench = new Bench(() => ({ fields: HOUR }));
  await bench.ask();
  const { fields, body } = await begin(bench.app);
  expect(() => ((fields[0] as [string, string])[1] = 'changed')).toThrow(TypeError);
  expect(() => (body as Uint8Array[]).pop()).toThrow(TypeError);
  fields.length = 0;
  expect((await bench.ask()).get('Cache-Control')).toBe('max-age=3600');
});

test('a cache may serve several applications', async () => {
  const cache = httpCache();
  const app = cache((_, startResponse) => {
    startResponse('200 OK', [['Cache-Control', 'max-age=60']]);
    return ['x'];
  });
  expect((await ask(app)).status).toBe(200);
  expect(cache.stats()).toMatchObject({ entries: 1 });
});
