import { describe, expect, test } from 'vitest';
import { type CacheRule, compileCacheRules } from '../src/cache-control.ts';
import { resolveOptions, type StaticCacheOptions } from '../src/options.ts';

const of = (name: string, type: string, options: StaticCacheOptions): string =>
  resolveOptions(options).cachePolicy(name, type).control;
const rule = (fields: Partial<CacheRule>): StaticCacheOptions => ({
  maxAgeSeconds: 60,
  cacheRules: [{ maxAgeSeconds: 9, ...fields }],
});

describe('Cache-Control', () => {
  test.each<[string, StaticCacheOptions, string]>([
    ['index.html', {}, 'no-cache'],
    ['a.css', { maxAgeSeconds: 60 }, 'public, max-age=60'],
    ['app.3f9a1c2b.js', {}, 'public, max-age=31536000, immutable'],
    ['app-BxY72aQ1.css', {}, 'public, max-age=31536000, immutable'],
    ['app.3f9a1c2b.js', { immutableNames: false }, 'no-cache'],
    ['v7/app.js', { immutableNames: /^v\d+\// }, 'public, max-age=31536000, immutable'],
    ['jquery.min.js', {}, 'no-cache'],
    ['some-component.js', {}, 'no-cache'],
    ['report-2024-01-02.pdf', {}, 'no-cache'],
    ['a.html', rule({ path: /\.html$/, mustRevalidate: true }), 'public, max-age=9, must-revalidate'],
    ['a.woff2', rule({ path: '*.woff2', immutable: true }), 'public, max-age=9, immutable'],
    ['a.css', rule({ path: '*.woff2' }), 'public, max-age=60'],
    ['fonts/a.woff', rule({ path: '*.{woff,woff2}' }), 'public, max-age=9'],
    ['img/deep/a', rule({ path: 'img/**' }), 'public, max-age=9'],
    ['img/deep/a', rule({ path: '/img/*' }), 'public, max-age=60'],
    ['a', rule({ sharedMaxAgeSeconds: 600 }), 'public, max-age=9, s-maxage=600'],
    ['a', rule({ staleWhileRevalidateSeconds: 5 }), 'public, max-age=9, stale-while-revalidate=5'],
    ['a', rule({ private: true }), 'private, max-age=9'],
    ['a', rule({ private: true, maxAgeSeconds: 0 }), 'private, no-cache'],
    ['a', rule({ noStore: true, immutable: true }), 'no-store'],
    ['app.3f9a1c2b.js', rule({ path: '*.js' }), 'public, max-age=9'],
  ])('%s with %j', (name, options, expected) => {
    expect(of(name, 'application/octet-stream', options)).toBe(expected);
  });

  test('by media type', () => {
    const options = rule({ type: 'image/*' });
    expect(of('a', 'image/png', options)).toBe('public, max-age=9');
    expect(of('a', 'image/svg+xml; charset=utf-8', options)).toBe('public, max-age=9');
    expect(of('a', 'text/html; charset=utf-8', options)).toBe('public, max-age=60');
    expect(of('a', 'text/html; charset=utf-8', rule({ type: 'text/html' }))).toBe('public, max-age=9');
  });

  test('the first rule that matches decides', () => {
    const rules = [
      { path: 'a.*', maxAgeSeconds: 1 },
      { path: '*.css', maxAgeSeconds: 2 },
    ];
    const policy = compileCacheRules(rules, { maxAgeSeconds: 3 });
    expect(['a.css', 'b.css', 'b'].map((name) => policy(name, 'x/y').maxAgeSeconds)).toEqual([1, 2, 3]);
  });

  test.each<[Partial<CacheRule>, string]>([
    [{ maxAgeSeconds: -1 }, 'whole number of seconds'],
    [{ maxAgeSeconds: 1.5 }, 'whole number of seconds'],
    [{ path: /a/g }, 'flag g or y'],
    [{ path: 'a{b' }, 'not closed'],
  ])('a rule that makes no sense is refused: %j', (fields, message) => {
    expect(() => resolveOptions(rule(fields))).toThrow(message);
  });
});
