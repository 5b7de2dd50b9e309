import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatHttpDate, parseHttpDate } from '../src/index.ts';

const NOW = Date.parse('2026-11-21T00:00:00Z');

describe('an HTTP-date (RFC 9110 §5.6.7)', () => {
  test.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', '1994-11-06T08:49:37Z'],
    ['Sunday, 06-Nov-94 08:49:37 GMT', '1994-11-06T08:49:37Z'],
    ['Friday, 01-Jan-76 00:00:00 GMT', '2076-01-01T00:00:00Z'],
    ['Friday, 01-Jan-77 00:00:00 GMT', '1977-01-01T00:00:00Z'],
    ['Sun Nov  6 08:49:37 1994', '1994-11-06T08:49:37Z'],
    ['Sun Nov 16 08:49:37 1994', '1994-11-16T08:49:37Z'],
    ['Sat, 31 Dec 2016 23:59:60 GMT', '2017-01-01T00:00:00Z'],
    ['Thu, 29 Feb 2024 00:00:00 GMT', '2024-02-29T00:00:00Z'],
  ])('%s', (text, iso) => {
    expect(parseHttpDate(text, NOW)).toBe(Date.parse(iso));
  });

  test.each([
    '', '0', '-1', '784111777', 'yesterday', '1994-11-06T08:49:37Z', 'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 UTC', 'Sun, 06 Nov 1994 08:49:37 +0100', 'Sun, 6 Nov 1994 08:49:37 GMT',
    'Sun, 06 Nov 94 08:49:37 GMT', 'Sun, 06 Nox 1994 08:49:37 GMT', 'Sun, 31 Apr 1994 08:49:37 GMT',
    'Sun, 29 Feb 2026 08:49:37 GMT', 'Sun, 00 Nov 1994 08:49:37 GMT', 'Sun, 06 Nov 1994 25:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT', 'Sun, 06 Nov 1994 08:60:37 GMT', 'Sun, 06 Nov 1994 08:49:61 GMT',
  ])('%j is none', (text) => {
    expect(parseHttpDate(text, NOW)).toBeUndefined();
  }); // prettier-ignore

  test('that was written is read', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
        const seconds = Math.floor(date.getTime() / 1000);
        expect(parseHttpDate(formatHttpDate(date.getTime()), NOW)).toBe(seconds * 1000);
      }),
    );
  });
});
