import { expect, test } from 'vitest';
import { keyOfUrl, primaryKey } from '../src/key.ts';
import { environOf } from './support.ts';

const PLAIN = { ignoredParameters: new Set<string>(), sortQuery: false };

test.each([
  ['http://A.example/x', 'http://a.example:80/x'],
  ['HTTP://a.example', 'http://a.example/'],
  ['http://a.example/%7ea%2fb', 'http://a.example/~a%2Fb'],
  ['http://a.example/x?y', 'http://a.example/x?y#z'],
])('%s is %s', (one, two) => {
  expect(keyOfUrl(one, PLAIN)).toBe(keyOfUrl(two, PLAIN));
});

test.each([
  ['http://a.example/x', 'https://a.example/x'],
  ['http://a.example/x', 'http://a.example:8080/x'],
  ['http://a.example/a%2Fb', 'http://a.example/a/b'],
  ['http://a.example/X', 'http://a.example/x'],
  ['http://a.example/?a&b', 'http://a.example/?b&a'],
])('%s is not %s', (one, two) => {
  expect(keyOfUrl(one, PLAIN)).not.toBe(keyOfUrl(two, PLAIN));
});

test('parameters may be ignored and sorted; repeats of one keep their order', () => {
  const rules = { ignoredParameters: new Set(['utm']), sortQuery: true };
  expect(keyOfUrl('http://a/?utm=1&b=2&a=2&a=1', rules)).toBe('http://a/?a=2&a=1&b=2');
  expect(keyOfUrl('http://a/?utm=1', rules)).toBe('http://a/');
});

test('a request and its URL have the same key', () => {
  for (const keys of [
    {},
    { RAW_URI: 'http://site.example/a%7eb?c' },
    { RAW_URI: undefined, PATH_INFO: '/a~b', QUERY_STRING: 'c' },
  ]) {
    const environ = environOf({ path: '/a%7Eb?c', keys: keys as never });
    expect(primaryKey(environ, PLAIN)).toBe(keyOfUrl('http://site.example/a~b?c', PLAIN));
  }
});

test.each(['/x', 'ftp://a/', ''])('%j is refused', (url) => {
  expect(() => keyOfUrl(url, PLAIN)).toThrow(expect.objectContaining({ code: 'BAD_PURGE' }));
});
