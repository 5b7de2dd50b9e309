import { expect, test } from 'vitest';
import { parseRange, sliceChunks } from '../src/range.ts';

test.each([
  ['bytes=0-0', { start: 0, end: 0 }],
  ['bytes=2-', { start: 2, end: 9 }],
  ['bytes=2-99', { start: 2, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-99', { start: 0, end: 9 }],
  ['BYTES=1-2', { start: 1, end: 2 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=5-2', 'ignore'],
  ['bytes=0-1,3-4', 'ignore'],
  ['items=0-1', 'ignore'],
  ['bytes=-', 'ignore'],
  ['bytes=a-b', 'ignore'],
])('%s of ten bytes', (field, wanted) => {
  expect(parseRange(field, 10)).toEqual(wanted);
});

test('a slice over chunks is what it would be of the whole, for every part', () => {
  const chunks = ['abc', '', 'd', 'efgh'].map((text) => Buffer.from(text));
  const whole = Buffer.concat(chunks).toString();
  for (let start = 0; start < whole.length; start++) {
    for (let end = start; end < whole.length; end++) {
      expect(Buffer.concat(sliceChunks(chunks, { start, end })).toString()).toBe(whole.slice(start, end + 1));
    }
  }
});
