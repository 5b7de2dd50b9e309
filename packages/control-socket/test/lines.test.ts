import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineSplitter } from '../src/lines.ts';

test('lines come out whole however their bytes arrive', () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll('\n', ' '));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 10 }), fc.integer({ min: 1, max: 9 }), (lines, size) => {
      const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(''));
      const splitter = new LineSplitter(1000);
      const got: string[] = [];
      for (let at = 0; at < bytes.length; at += size)
        got.push(...(splitter.push(bytes.subarray(at, at + size)) ?? []));
      expect(got).toEqual(lines.map((each) => Buffer.from(each).toString()));
    }),
  );
});

test('a line may have so many bytes and no more, in one piece or in many', () => {
  expect(new LineSplitter(4).push(Buffer.from('abcd\nef\n'))).toEqual(['abcd', 'ef']);
  expect(new LineSplitter(4).push(Buffer.from('abcde\n'))).toBeUndefined();
  const splitter = new LineSplitter(4);
  expect(splitter.push(Buffer.from('abc'))).toEqual([]);
  expect(splitter.push(Buffer.from('de'))).toBeUndefined();
});
