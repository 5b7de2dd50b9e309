import fc from 'fast-check';
import { hex } from './support.ts';
import { describe, expect, test } from 'vitest';
import { decodePairs, encodePairs } from '../src/fastcgi-pairs.ts';

describe('name-value pairs', () => {
  test.each([
    [127, '017f'],
    [128, '0180000080'],
  ])('of %d bytes have a length of the right size', (size, start) => {
    const block = encodePairs(['A', 'x'.repeat(size)]);
    expect(block.subarray(0, start.length / 2).toString('hex')).toBe(start);
    expect(decodePairs(block, 1)).toEqual(['A', 'x'.repeat(size)]);
  });

  test('come back as they went in', () => {
    const text = fc.string({ maxLength: 300, unit: fc.integer({ min: 1, max: 255 }).map((code) => String.fromCharCode(code)) }); // prettier-ignore
    const name = text.filter((value) => value !== '');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, text), { maxLength: 20 }), (pairs) => {
        expect(decodePairs(encodePairs(pairs.flat()), 20)).toEqual(pairs.flat());
      }),
    );
  });

  test.each([
    ['half a head', '01'],
    ['half a long length', '80'],
    ['a name beyond the end', hex('0500', '41')],
    ['a length of two thousand million bytes', hex('ffffffff00', '41')],
    ['no name', hex('0001', '41')],
  ])('with %s are refused', (_, text) => {
    expect(() => decodePairs(Buffer.from(text, 'hex'), 10)).toThrow(
      expect.objectContaining({ code: 'BAD_VARIABLES' }) as Error,
    );
  });

  test('are counted', () => {
    expect(() => decodePairs(encodePairs(['A', '', 'B', '']), 1)).toThrow(
      expect.objectContaining({ code: 'TOO_MANY_VARIABLES' }) as Error,
    );
  });
});
