import { describe, expect, test } from 'vitest';
import { cacheControl } from '../src/cache-control.ts';
import { evaluate, rangeApplies } from '../src/conditional.ts';
import { chooseCoding } from '../src/encoding.ts';
import { contentType } from '../src/media-type.ts';
import { resolveOptions } from '../src/options.ts';
import { parseRange } from '../src/range.ts';

describe('preconditions (RFC 9110 §13)', () => {
  const file = { etag: '"abc"', modifiedSeconds: Date.UTC(2024, 0, 2) / 1000 };
  const EARLIER = 'Mon, 01 Jan 2024 00:00:00 GMT';
  const SAME = 'Tue, 02 Jan 2024 00:00:00 GMT';
  const LATER = 'Wed, 03 Jan 2024 00:00:00 GMT';
  const none = {
    ifMatch: undefined,
    ifNoneMatch: undefined,
    ifModifiedSince: undefined,
    ifUnmodifiedSince: undefined,
  };

  test.each([
    [{}, 200],
    [{ ifNoneMatch: '"abc"' }, 304],
    [{ ifNoneMatch: 'W/"abc"' }, 304],
    [{ ifNoneMatch: '"x", "abc"' }, 304],
    [{ ifNoneMatch: '"x,abc"' }, 200],
    [{ ifNoneMatch: '*' }, 304],
    [{ ifNoneMatch: 'abc' }, 200],
    [{ ifNoneMatch: '"x"', ifModifiedSince: LATER }, 200],
    [{ ifModifiedSince: EARLIER }, 200],
    [{ ifModifiedSince: SAME }, 304],
    [{ ifModifiedSince: LATER }, 304],
    [{ ifModifiedSince: 'Tuesday, 02-Jan-24 00:00:00 GMT' }, 304],
    [{ ifModifiedSince: 'nonsense' }, 200],
    [{ ifModifiedSince: '99999999999' }, 200],
    [{ ifMatch: '"abc"' }, 200],
    [{ ifMatch: 'W/"abc"' }, 412],
    [{ ifMatch: '"x"' }, 412],
    [{ ifMatch: '*' }, 200],
    [{ ifUnmodifiedSince: EARLIER }, 412],
    [{ ifUnmodifiedSince: SAME }, 200],
    [{ ifUnmodifiedSince: 'nonsense' }, 200],
    [{ ifMatch: '"abc"', ifUnmodifiedSince: EARLIER }, 200],
    [{ ifMatch: '"abc"', ifNoneMatch: '"abc"' }, 304],
  ])('%j is %d', (conditions, status) => {
    expect(evaluate({ ...none, ...conditions }, file)).toBe(status);
  });

  test.each([
    [undefined, true],
    ['"abc"', true],
    ['W/"abc"', false],
    ['"x"', false],
    [SAME, true],
    [EARLIER, false],
    [LATER, false],
    ['', false],
  ])('If-Range %s: %s', (ifRange, expected) => {
    expect(rangeApplies(ifRange, file)).toBe(expected);
  });
});

describe('ranges of 100 bytes (RFC 9110 §14)', () => {
  test.each([
    ['bytes=0-0', [[0, 0]]],
    ['bytes=0-9', [[0, 9]]],
    ['bytes=90-', [[90, 99]]],
    ['bytes=90-1000', [[90, 99]]],
    ['bytes=-5', [[95, 99]]],
    ['bytes=-500', [[0, 99]]],
    ['BYTES=1-2', [[1, 2]]],
    [
      'bytes=0-9,20-29',
      [
        [0, 9],
        [20, 29],
      ],
    ],
    [
      'bytes=20-29 , 0-9',
      [
        [0, 9],
        [20, 29],
      ],
    ],
    ['bytes=0-9,5-19,20-29', [[0, 29]]],
    ['bytes=0-9,500-', [[0, 9]]],
    ['bytes=100-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-2', 'ignore'],
    ['items=0-5', 'ignore'],
    ['bytes=', 'ignore'],
    ['bytes=-', 'ignore'],
    ['bytes=a-b', 'ignore'],
    ['bytes=0-5-9', 'ignore'],
    ['bytes 0-5', 'ignore'],
    ['bytes=+1-2', 'ignore'],
    [`bytes=${Array.from({ length: 5000 }, () => '0-').join(',')}`, 'ignore'],
  ])('%s', (field, expected) => {
    const ranges = parseRange(field, 100);
    expect(typeof ranges === 'string' ? ranges : ranges.map(({ start, end }) => [start, end])).toEqual(
      expected,
    );
  });

  test('an empty file has none', () => {
    expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect(parseRange('bytes=-5', 0)).toBe('unsatisfiable');
  });
});

describe('Accept-Encoding (RFC 9110 §12.5.3)', () => {
  test.each([
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip', 'gzip'],
    ['gzip, br', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['zstd, gzip', 'zstd'],
    ['gzip;q=0', 'identity'],
    ['gzip;q=0.0, br;q=0', 'identity'],
    ['br;q=0.5, gzip;q=0.9', 'gzip'],
    ['*', 'br'],
    ['*;q=0', 'identity'],
    ['br;q=0, *', 'zstd'],
    ['identity;q=1, gzip;q=0.5', 'identity'],
    ['identity;q=0.5, gzip;q=0.5', 'gzip'],
    ['identity;q=0, gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['x-gzip', 'gzip'],
    ['gzip ; q=0', 'identity'],
    ['gzip;q=x', 'identity'],
    ['deflate', 'identity'],
  ])('%s gets %s', (accept, expected) => {
    expect(chooseCoding(accept, ['br', 'zstd', 'gzip'])).toBe(expected);
  });
});

describe('Cache-Control', () => {
  test.each([
    ['index.html', {}, 'no-cache'],
    ['a.css', { maxAgeSeconds: 60 }, 'public, max-age=60'],
    ['app.3f9a1c2b.js', {}, 'public, max-age=31536000, immutable'],
    ['app-BxY72aQ1.css', {}, 'public, max-age=31536000, immutable'],
    ['app.3f9a1c2b.js', { immutableHashes: false }, 'no-cache'],
    ['jquery.min.js', {}, 'no-cache'],
    ['some-component.js', {}, 'no-cache'],
    [
      'a.html',
      { maxAgeSeconds: 60, rules: [{ match: /\.html$/, maxAgeSeconds: 5, mustRevalidate: true }] },
      'public, max-age=5, must-revalidate',
    ],
    [
      'a.woff2',
      { rules: [{ match: /\.woff2$/, maxAgeSeconds: 9, immutable: true }] },
      'public, max-age=9, immutable',
    ],
  ])('%s with %j', (name, options, expected) => {
    expect(cacheControl(name, resolveOptions(options))).toBe(expected);
  });
});

test.each([
  ['a.html', 'text/html; charset=utf-8'],
  ['a.js', 'text/javascript; charset=utf-8'],
  ['a.css', 'text/css; charset=utf-8'],
  ['a.json', 'application/json; charset=utf-8'],
  ['a.svg', 'image/svg+xml; charset=utf-8'],
  ['a.png', 'image/png'],
  ['a.woff2', 'font/woff2'],
  ['a', 'application/octet-stream'],
  ['a.unheard-of', 'application/octet-stream'],
])('%s is %s', (name, type) => {
  expect(contentType(name)).toBe(type);
});
