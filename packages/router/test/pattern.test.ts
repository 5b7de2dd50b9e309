import { describe, expect, test } from 'vitest';
import { RouterError } from '../src/index.ts';
import { compilePattern } from '../src/pattern.ts';

const exact = { caseSensitive: true, prefix: false };
const prefix = { caseSensitive: true, prefix: true };

describe('a pattern', () => {
  test.each([
    ['/posts/:id', '/posts/5', { id: '5' }],
    ['/posts/:id', '/posts/', undefined],
    ['/posts/:id', '/posts/5/', undefined],
    ['/posts/:id', '/posts/5/6', undefined],
    ['/posts/:id', '/Posts/5', undefined],
    ['/:year-:month', '/2006-12', { year: '2006', month: '12' }],
    ['/files/*file', '/files/a/b.txt', { file: 'a/b.txt' }],
    ['/files/*file', '/files/', undefined],
    ['/posts{/:page}', '/posts', {}],
    ['/posts{/:page}', '/posts/2', { page: '2' }],
    ['/:name', '/caf\u00e9', { name: 'caf\u00e9' }],
    ['/:name', '/50%', { name: '50%' }],
    ['/a.b/:id', '/axb/1', undefined],
  ])('%s asked for %s', (pattern, path, params) => {
    expect(compilePattern(pattern, exact).match(path)?.params).toEqual(params);
  });

  test('without parameters is known to be a path', () => {
    expect(compilePattern('/a/b', exact).literal).toBe('/a/b');
    expect(compilePattern('/a\\:b', exact).literal).toBe('/a:b');
    expect(compilePattern('/a/:b', exact).literal).toBeUndefined();
    expect(compilePattern('/a{/b}', exact).literal).toBeUndefined();
  });

  test.each([
    ['/posts/:id', exact, 'posts'],
    ['/a/b/*c', exact, 'a'],
    ['/posts{/:page}', exact, undefined],
    ['/posts-:id', exact, undefined],
    ['/:any/posts', exact, undefined],
    ['/admin', prefix, 'admin'],
    ['/admin-:id', prefix, undefined],
  ])('%s knows the first segment of its paths', (pattern, options, segment) => {
    expect(compilePattern(pattern, options).segment).toBe(segment);
  });

  test('of a mount point ends at a slash, or with the path', () => {
    const pattern = compilePattern('/sites/:site', prefix);
    expect(pattern.match('/sites/one/two')).toEqual({ path: '/sites/one', params: { site: 'one' } });
    expect(pattern.match('/sites/one')?.path).toBe('/sites/one');
    expect(compilePattern('/admin', prefix).match('/administrator')).toBeUndefined();
    expect(compilePattern('/admin', prefix).literal).toBeUndefined();
  });

  test.each([
    ['posts', exact],
    ['', exact],
    ['/posts/:', exact],
    ['/posts{', exact],
    ['/:id/:id?', exact],
    ['/admin/', prefix],
    ['/', prefix],
  ])('%s is refused', (pattern, options) => {
    expect(() => compilePattern(pattern, options)).toThrow(RouterError);
    expect(() => compilePattern(pattern, options)).toThrow(
      expect.objectContaining({
        code: 'BAD_PATTERN',
        message: expect.stringContaining(JSON.stringify(pattern)),
      }),
    );
  });

  test('is not slow for a path that was made to be', () => {
    const { match } = compilePattern('/:a-:b-:c/end', exact);
    const before = performance.now();
    expect(match(`/${'-'.repeat(5000)}`)).toBeUndefined();
    expect(performance.now() - before).toBeLessThan(2000);
  });
});
