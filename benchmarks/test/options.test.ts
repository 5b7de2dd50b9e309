import { expect, test } from 'vitest';
import { isComplete, parseOptions } from '../options.ts';

test('without options everything is measured, long enough, and the documents are written', () => {
  const options = parseOptions([]);
  expect(options).toMatchObject({ only: [], seconds: 2, rounds: 3, allCases: true, smoke: false });
  expect(isComplete(options)).toBe(true);
});

test('a part, a smoke test, the main load alone and profiles change no document', () => {
  for (const args of [['--only', 'hello'], ['--smoke'], ['--main'], ['--profile', '/tmp/profiles']]) {
    expect(isComplete(parseOptions(args))).toBe(false);
  }
});

test('a smoke test has one round of a second', () => {
  expect(parseOptions(['--smoke'])).toMatchObject({ seconds: 1, rounds: 1, allCases: false });
  expect(parseOptions(['--smoke', '--seconds', '3'])).toMatchObject({ seconds: 3 });
});

test('several parts can be chosen', () => {
  expect(parseOptions(['--only', 'hello', '--only', 'proxy']).only).toEqual(['hello', 'proxy']);
});

test.each([
  ['--seconds', '0'],
  ['--seconds', '1.5'],
  ['--seconds', '61'],
  ['--rounds', 'three'],
  ['--rounds', '-1'],
  ['--unknown'],
  ['hello'],
])('%s %s is refused as a mistake of the caller', (...args) => {
  expect(() => parseOptions(args)).toThrow(TypeError);
});
