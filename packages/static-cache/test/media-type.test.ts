import { expect, test } from 'vitest';
import { contentType, isAsset } from '../src/media-type.ts';

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

test('types and the charset can be told otherwise', () => {
  expect(contentType('a.md', { md: 'text/markdown' })).toBe('text/markdown; charset=utf-8');
  expect(contentType('A.MD', { md: 'text/x-md' }, 'iso-8859-1')).toBe('text/x-md; charset=iso-8859-1');
  expect(contentType('a.txt', {}, false)).toBe('text/plain');
  expect(contentType('a.constructor')).toBe('application/octet-stream');
});

test.each([
  ['app.js', true],
  ['a/b.png', true],
  ['app.js.map', true],
  ['page', false],
  ['page.html', false],
  ['users/john.doe', false],
  ['v1.2/docs', false],
])('%s looks like an asset: %s', (name, expected) => {
  expect(isAsset(name)).toBe(expected);
});
