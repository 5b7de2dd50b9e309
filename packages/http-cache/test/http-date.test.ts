import { expect, test } from 'vitest';
import { formatDate, parseDate } from '../src/http-date.ts';

const NOW = Date.parse('2026-11-21T00:00:00Z');

test.each([
  ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37Z'],
  ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37Z'],
  ['Friday, 01-Jan-76 00:00:00 GMT', '2076-01-01T00:00:00Z'],
  ['Friday, 01-Jan-77 00:00:00 GMT', '1977-01-01T00:00:00Z'],
  ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37Z'],
  ['Sun Nov 16 08:49:37 1994', '1994-11-16T08:49:37Z'],
])('%s', (text, iso) => {
  expect(parseDate(text, NOW)).toBe(Date.parse(iso));
});

test.each([
  '0', '', '-1', 'Sun, 31 Apr 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 25:49:37 GMT', 'Sun, 06 Nov 1994 08:49:37 UTC',
  'Sun, 6 Nov 1994 08:49:37 GMT', 'Sun, 06 Xyz 1994 08:49:37 GMT', 'Sun, 06 Nov 94 08:49:37 GMT', '1994-11-06T08:49:37Z',
])('%j is no date', (text) => {
  expect(parseDate(text, NOW)).toBeUndefined();
}); // prettier-ignore

test('what is written can be read', () => {
  expect(parseDate(formatDate(NOW), NOW)).toBe(NOW);
});
