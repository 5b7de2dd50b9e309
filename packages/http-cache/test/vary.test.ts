import { expect, test } from 'vitest';
import { joinNames, variantKey, varyNames } from '../src/vary.ts';
import { environOf } from './support.ts';

const key = (names: string[], fields: Record<string, string>): string =>
  variantKey(environOf({ fields }), names);

test('names are those of all lines, once each, in one order', () => {
  expect(
    varyNames([
      ['Vary', 'B, a'],
      ['vary', 'A,,c'],
    ]),
  ).toEqual(['a', 'b', 'c']);
  expect(joinNames(['a', 'b'], ['c', 'a'])).toEqual(['a', 'b', 'c']);
});

test.each([
  ['Accept-Encoding', 'gzip, br', 'br,  GZIP', true],
  ['Accept-Encoding', 'gzip;q=1, br', 'br, gzip;q=0.5', false],
  ['Accept-Language', 'en, de', 'de, en', true],
  ['X-A', 'a, b', 'b, a', false],
  ['X-A', 'a,b', ' a , b', true],
  ['X-A', 'A', 'a', false],
  ['Content-Type', 'text/plain', 'text/html', false],
])('%s: %s and %s', (name, one, two, same) => {
  expect(key([name.toLowerCase()], { [name]: one }) === key([name.toLowerCase()], { [name]: two })).toBe(
    same,
  );
});

test('a field that is missing is not one that is empty, and values do not run into each other', () => {
  expect(key(['x-a'], {})).not.toBe(key(['x-a'], { 'X-A': '' }));
  expect(key(['x-a', 'x-b'], { 'X-A': 'x-b:1' })).not.toBe(key(['x-a', 'x-b'], { 'X-B': '1' }));
});
