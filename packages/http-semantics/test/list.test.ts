import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hasMember, listMembers, splitQuoted } from '../src/index.ts';

test.each([
  ['', []],
  ['a', ['a']],
  [' a ,\tb,, c ,', ['a', 'b', 'c']],
  ['a="1,2", b', ['a="1,2"', 'b']],
  [String.raw`a="\",", b`, [String.raw`a="\","`, 'b']],
  [String.raw`a\,b`, ['a\\', 'b']],
  ['a="no end, b', ['a="no end, b']],
])('%j is split into %j', (text, parts) => {
  expect(splitQuoted(text, ',')).toEqual(parts);
});

test('other separators are split at as well', () => {
  expect(splitQuoted('for="a;b";proto=https', ';')).toEqual(['for="a;b"', 'proto=https']);
});

test('members are in lower case; no field has none', () => {
  expect(listMembers('Keep-Alive, X-Foo')).toEqual(['keep-alive', 'x-foo']);
  expect(listMembers(undefined)).toEqual([]);
});

test.each([
  ['close', true],
  ['Close', true],
  ['keep-alive, CLOSE', true],
  ['closed', false],
  ['"close"', false],
  ['', false],
  [undefined, false],
])('%j has close: %s', (list, expected) => {
  expect(hasMember(list, 'close')).toBe(expected);
});

test('what was joined is split', () => {
  const part = fc.oneof(fc.stringMatching(/^[a-z]{1,5}$/), fc.stringMatching(/^"[a-z,; ]{0,5}"$/));
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      expect(splitQuoted(parts.join(' , '), ',')).toEqual(parts);
    }),
  );
});
