import type { HeaderList } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { begin, Bench, environOf } from './support.ts';

const FIELDS = {
  'Cache-Control': 'max-age=3600',
  'Content-Type': 'text/plain',
  ETag: '"v1"',
  'Last-Modified': 'Mon, 31 Dec 2029 00:00:00 GMT',
};

async function stored(fields: Record<string, string> = FIELDS): Promise<Bench> {
  const bench = new Bench(() => ({ fields, body: ['0123', '456789'] }));
  await bench.ask();
  return bench;
}

describe('a condition of the client', () => {
  test.each([
    ['If-None-Match', '"v1"', 304],
    ['If-None-Match', 'W/"v1"', 304],
    ['If-None-Match', '"v0", "v1"', 304],
    ['If-None-Match', '*', 304],
    ['If-None-Match', '"v"', 200],
    ['If-None-Match', 'v1', 200],
    ['If-Modified-Since', 'Mon, 31 Dec 2029 00:00:00 GMT', 304],
    ['If-Modified-Since', 'Monday, 31-Dec-29 00:00:00 GMT', 304],
    ['If-Modified-Since', 'Sun, 30 Dec 2029 23:59:59 GMT', 200],
    ['If-Modified-Since', 'yesterday', 200],
  ])('%s: %s is answered %i from the store', async (name, value, status) => {
    const bench = await stored();
    const answer = await bench.ask({ fields: { [name]: value } });
    expect(answer.status).toBe(status);
    expect(bench.asked).toBe(1);
    if (status === 304) {
      expect(answer.body).toBe('');
      expect([answer.get('ETag'), answer.get('Age')]).toEqual(['"v1"', '0']);
      expect([answer.get('Content-Type'), answer.get('Content-Length')]).toEqual([undefined, undefined]);
    }
  });

  test('a tag beats a date', async () => {
    const bench = await stored();
    const fields = { 'If-None-Match': '"v0"', 'If-Modified-Since': 'Mon, 31 Dec 2029 00:00:00 GMT' };
    expect((await bench.ask({ fields })).status).toBe(200);
  });

  test.each(['If-Match', 'If-Unmodified-Since'])('%s is for the origin', async (name) => {
    const bench = await stored();
    const answer = await bench.ask({ fields: { [name]: '"v1"' } });
    expect(answer.get('Cache-Status')).toBe('Highball; fwd=bypass; fwd-status=200');
    expect(bench.asked).toBe(2);
  });
});

describe('a range', () => {
  test.each([
    ['bytes=2-5', '2345', 'bytes 2-5/10'],
    ['bytes=8-', '89', 'bytes 8-9/10'],
    ['bytes=-1', '9', 'bytes 9-9/10'],
  ])('%s is cut from what is stored', async (range, body, contentRange) => {
    const answer = await (await stored()).ask({ fields: { Range: range } });
    expect([answer.status, answer.body]).toEqual([206, body]);
    expect([answer.get('Content-Range'), answer.get('Content-Length')]).toEqual([
      contentRange,
      String(body.length),
    ]);
  });

  test('that cannot be had is 416', async () => {
    const answer = await (await stored()).ask({ fields: { Range: 'bytes=10-' } });
    expect([answer.status, answer.get('Content-Range'), answer.body]).toEqual([416, 'bytes */10', '']);
  });

  test.each([
    ['"v1"', 206],
    ['"v0"', 200],
    ['W/"v1"', 200],
    ['Mon, 31 Dec 2029 00:00:00 GMT', 206],
    ['Mon, 31 Dec 2029 00:00:01 GMT', 200],
  ])('with If-Range: %s gets %i', async (condition, status) => {
    const answer = await (await stored()).ask({ fields: { Range: 'bytes=0-0', 'If-Range': condition } });
    expect(answer.status).toBe(status);
  });

  test('a weak tag is not enough for If-Range, even the same', async () => {
    const bench = await stored({ ...FIELDS, ETag: 'W/"v1"' });
    expect((await bench.ask({ fields: { Range: 'bytes=0-0', 'If-Range': 'W/"v1"' } })).status).toBe(200);
  });

  test('of what is not stored goes on as it is, and 206 is not stored', async () => {
    const bench = new Bench(() => ({
      status: '206 Partial Content',
      fields: { 'Cache-Control': 'max-age=60', 'Content-Range': 'bytes 0-1/10' },
      body: ['01'],
    }));
    for (const asked of [1, 2]) {
      expect((await bench.ask({ fields: { Range: 'bytes=0-1' } })).status).toBe(206);
      expect(bench.asked).toBe(asked);
    }
    expect(bench.requests[0]?.HTTP_RANGE).toBe('bytes=0-1');
  });

  test('of what is stale is a validation of the whole', async () => {
    const bench = new Bench((_, index) =>
      index === 0
        ? { fields: FIELDS, body: ['0123456789'] }
        : { status: '304 Not Modified', fields: FIELDS, body: [] },
    );
    await bench.ask();
    bench.wait(3601);
    const answer = await bench.ask({ fields: { Range: 'bytes=3-4' } });
    expect([answer.status, answer.body]).toEqual([206, '34']);
    expect(bench.requests[1]?.HTTP_RANGE).toBeUndefined();
  });
});

describe('HEAD', () => {
  test('that goes on renews what is stored, when it describes the same', async () => {
    const bench = await stored();
    bench.wait(3601);
    await bench.ask({ method: 'HEAD' });
    const answer = await bench.ask();
    expect([answer.body, bench.asked]).toEqual(['0123456789', 2]);
  });

  test('that describes something else removes it', async () => {
    const bench = new Bench((environ) => ({
      fields: environ.REQUEST_METHOD === 'HEAD' ? { ...FIELDS, ETag: '"v2"' } : FIELDS,
      body: environ.REQUEST_METHOD === 'HEAD' ? [] : ['text'],
    }));
    await bench.ask();
    bench.wait(3601);
    await bench.ask({ method: 'HEAD' });
    await bench.ask();
    expect(bench.requests[2]?.HTTP_IF_NONE_MATCH).toBeUndefined();
  });

  test('is not answered with a body, nor taken for one', async () => {
    const bench = new Bench(() => ({ fields: FIELDS, body: [] }));
    await bench.ask({ method: 'HEAD' });
    expect(bench.cache.stats().entries).toBe(0);
  });
});

test('hits of one second have the same frozen list of fields, and those of the next another', async () => {
  const bench = new Bench(() => ({ fields: { 'Cache-Control': 'max-age=60', Vary: 'X-Kind' } }));
  const hit = async (): Promise<HeaderList> => (await begin(bench.app)).fields;
  const tell = (fields: HeaderList): string[] =>
    fields.filter(([name]) => name === 'Age' || name === 'Cache-Status').map(([, value]) => value);
  await bench.ask();
  await hit();
  const second = await hit();
  expect(Object.isFrozen(second) && second.every((field) => Object.isFrozen(field))).toBe(true);
  expect(await hit()).toBe(second);
  expect(tell(second)).toEqual(['0', 'Highball; hit; ttl=60']);
  bench.wait(1);
  await hit();
  const later = await hit();
  expect(tell(later)).toEqual(['1', 'Highball; hit; ttl=59']);
  expect(tell(second)).toEqual(['0', 'Highball; hit; ttl=60']);
  expect(await hit()).toBe(later);
  // What else is said of the request is said each time.
  const environ = environOf({});
  await bench.app(environ, () => () => undefined);
  expect(environ['highball.cache_status']).toBe('HIT');
});
