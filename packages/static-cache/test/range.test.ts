import { describe, expect, test } from 'vitest';
import { parseRange } from '../src/range.ts';

describe('ranges of 1000 bytes (RFC 9110 §14)', () => {
  test.each<[string, [number, number][] | string]>([
    ['bytes=0-0', [[0, 0]]],
    ['bytes=0-9', [[0, 9]]],
    ['bytes=990-', [[990, 999]]],
    ['bytes=990-10000', [[990, 999]]],
    ['bytes=-5', [[995, 999]]],
    ['bytes=-5000', [[0, 999]]],
    ['BYTES=1-2', [[1, 2]]],
    [
      'bytes=0-9,200-209',
      [
        [0, 9],
        [200, 209],
      ],
    ],
    // In the order of the request (RFC 9110 §15.3.7.2): who asks for the end first needs it first.
    [
      'bytes=200-209 , 0-9',
      [
        [200, 209],
        [0, 9],
      ],
    ],
    ['bytes=0-9,5-19,20-29', [[0, 29]]],
    ['bytes=0-9,90-99', [[0, 99]]],
    [
      'bytes=0-9,91-99',
      [
        [0, 9],
        [91, 99],
      ],
    ],
    [
      'bytes=500-509,0-9,100-109,50-99',
      [
        [500, 509],
        [0, 109],
      ],
    ],
    ['bytes=0-9,5000-', [[0, 9]]],
    ['bytes=1000-', 'unsatisfiable'],
    ['bytes=99999999999999999999999-', 'unsatisfiable'],
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
    const ranges = parseRange(field, 1000);
    expect(typeof ranges === 'string' ? ranges : ranges.map(({ start, end }) => [start, end])).toEqual(
      expected,
    );
  });

  test('an empty file has none', () => {
    expect(parseRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect(parseRange('bytes=-5', 0)).toBe('unsatisfiable');
  });
});
