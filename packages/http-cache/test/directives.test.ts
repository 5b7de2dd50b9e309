import { expect, test } from 'vitest';
import { parseDirectives, secondsOf } from '../src/directives.ts';

test.each([
  ['max-age=10', 'max-age', 10],
  ['MAX-AGE=10', 'max-age', 10],
  ['max-age="10"', 'max-age', 10],
  ['a="max-age=5", max-age=10', 'max-age', 10],
  ['a="x, max-age=5", max-age=10', 'max-age', 10],
  ['max-age=10, max-age=5', 'max-age', 5],
  ['max-age=5,max-age=10', 'max-age', 5],
  ['max-age=10, max-age=x', 'max-age', 0],
  [',, max-age=10 ,', 'max-age', 10],
  ['max-age=99999999999', 'max-age', 2_147_483_648],
  ["max-age='10'", 'max-age', 0],
  ['max-age=-1', 'max-age', 0],
  ['max-age=1.5', 'max-age', 0],
  ['max-age=', 'max-age', undefined],
  ['max-age', 'max-age', 0],
  ['max-age =10', 'max-age', undefined],
  ['a="unclosed, max-age=10', 'max-age', undefined],
  ['', 'max-age', undefined],
])('%s', (field, name, seconds) => {
  expect(secondsOf(parseDirectives(field), name)).toBe(seconds);
});

test('lists of fields are joined; without a list it is for all', () => {
  expect(parseDirectives('no-cache="a", no-cache="b, c"').get('no-cache')).toBe('a, b, c');
  expect(parseDirectives('no-cache="a", no-cache').get('no-cache')).toBeUndefined();
  expect(parseDirectives(String.raw`a="x\"y"`).get('a')).toBe('x"y');
});

test('a long malformed field takes no long time', () => {
  const started = performance.now();
  parseDirectives(`${'a="'.repeat(200_000)}`);
  parseDirectives('='.repeat(500_000));
  // What takes the square of its length would take hours.
  expect(performance.now() - started).toBeLessThan(20_000);
});
