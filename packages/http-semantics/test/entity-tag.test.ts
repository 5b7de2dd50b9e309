import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesEntityTag } from '../src/index.ts';

describe('the comparison of entity tags', () => {
  // The table of RFC 9110 §8.8.3.2.
  test.each([
    ['W/"1"', 'W/"1"', false, true],
    ['W/"1"', 'W/"2"', false, false],
    ['W/"1"', '"1"', false, true],
    ['"1"', 'W/"1"', false, true],
    ['"1"', '"1"', true, true],
    ['"2", "1"', '"1"', true, true],
    ['"2","1"', '"1"', true, true],
    ['"2,1"', '"1"', false, false],
    ['"2", W/"1"', '"1"', false, true],
    ['*', '"1"', true, true],
    [' * ', 'W/"1"', true, true],
    ['1', '"1"', false, false],
    ['w/"1"', '"2"', false, false],
    ['', '"1"', false, false],
    ['"a b"', '"1"', false, false],
    ['"\xe4"', '"\xe4"', true, true],
  ])('%s has %s: strongly %s, weakly %s', (list, tag, strongly, weakly) => {
    expect(matchesEntityTag(list, tag, 'strong')).toBe(strongly);
    expect(matchesEntityTag(list, tag, 'weak')).toBe(weakly);
  });

  test('of a representation that has none: only * matches', () => {
    expect(matchesEntityTag('"1"', undefined, 'weak')).toBe(false);
    expect(matchesEntityTag('*', undefined, 'strong')).toBe(true);
  });

  test('finds a tag wherever it stands in a list', () => {
    const tag = fc.stringMatching(/^"[!#-~]{0,8}"$/);
    fc.assert(
      fc.property(fc.array(tag), tag, fc.array(tag), (before, wanted, behind) => {
        const list = [...before, wanted, ...behind].join(', ');
        expect(matchesEntityTag(list, wanted, 'strong')).toBe(true);
        const others = [...before, ...behind].filter((other) => other !== wanted).join(', ');
        expect(matchesEntityTag(others, wanted, 'weak')).toBe(false);
      }),
    );
  });
});
