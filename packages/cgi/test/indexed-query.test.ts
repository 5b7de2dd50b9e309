import { expect, test } from 'vitest';
import { indexedArguments } from '../src/indexed-query.ts';

test.each([
  ['GET', 'one+two', ['one', 'two']],
  ['HEAD', 'a%20b', ['a b']],
  ['GET', '', []],
  ['GET', 'a=b', []],
  ['POST', 'one', []],
  ['GET', 'bad%zz', []],
  ['GET', 'nul%00', []],
])('%s ?%s: %j', (method, query, words) => {
  expect(indexedArguments(method, query)).toEqual(words);
});
