import { expect, test } from 'vitest';
import { parseHttpDate } from '../src/http-date.ts';

const NOW = Date.UTC(2026, 5, 1);

test.each([
  ['Sun, 06 Nov 1994 08:49:37 GMT', Date.UTC(1994, 10, 6, 8, 49, 37)],
  ['Sunday, 06-Nov-94 08:49:37 GMT', Date.UTC(1994, 10, 6, 8, 49, 37)],
  ['Sun Nov  6 08:49:37 1994', Date.UTC(1994, 10, 6, 8, 49, 37)],
  ['Friday, 06-Nov-76 08:49:37 GMT', Date.UTC(2076, 10, 6, 8, 49, 37)],
  ['Sunday, 06-Nov-77 08:49:37 GMT', Date.UTC(1977, 10, 6, 8, 49, 37)],
])('%s', (text, time) => {
  expect(parseHttpDate(text, NOW)).toBe(time / 1000);
});

test.each([
  '',
  'yesterday',
  '784111777',
  'Sun, 06 Nov 1994 08:49:37 +0100',
  'Sun, 06 Nov 1994 08:49:37',
  'Sun, 31 Feb 1994 08:49:37 GMT',
  'Sun, 06 Nox 1994 08:49:37 GMT',
  'Sun, 06 Nov 1994 25:49:37 GMT',
  'Sun, 6 Nov 1994 08:49:37 GMT',
  '1994-11-06T08:49:37Z',
])('%j is none', (text) => {
  expect(parseHttpDate(text, NOW)).toBeUndefined();
});
