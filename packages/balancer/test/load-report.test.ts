import { describe, expect, test } from 'vitest';
import { formatLoad, parseLoad, takeLoad } from '../src/index.ts';

test.each([
  [{ delayMs: 1.25, queue: 7 }, 'delay=1.25, queue=7'],
  [{ delayMs: 0.123456, queue: 0 }, 'delay=0.123, queue=0'],
  [{ delayMs: 1e9, queue: 1e9 }, 'delay=3600000, queue=1000000'],
  [{ delayMs: -1, queue: Number.NaN }, 'delay=0, queue=0'],
])('%j is told as %j, which is read again', (load, text) => {
  expect(formatLoad(load)).toBe(text);
  expect(parseLoad(text)).toBeDefined();
});

test.each([
  ['queue=3,delay=4', { delayMs: 4, queue: 3 }],
  [' delay=4.5 ,\tqueue=3 ', { delayMs: 4.5, queue: 3 }],
  ['delay=4, queue=3, memory=0.5', { delayMs: 4, queue: 3 }],
  ['delay=4;unit="ms", queue=3', { delayMs: 4, queue: 3 }],
])('%j is read', (text, load) => {
  expect(parseLoad(text)).toEqual(load);
});

test.each([
  '',
  'delay=4',
  'queue=4',
  'delay=4, queue=3, queue=0',
  'delay=-1, queue=3',
  'delay=1, queue=0.5',
  'delay=1e3, queue=0',
  'delay=3600001, queue=0',
  'delay=1, queue=1000001',
  'delay=1, queue=0,',
  'delay=1.2345, queue=0',
  'delay=NaN, queue=0',
  `delay=1, queue=0, ${'x'.repeat(128)}=1`,
])('%j is no report', (text) => {
  expect(parseLoad(text)).toBeUndefined();
});

describe('taking a report out of an answer', () => {
  test('leaves the rest of its fields, in their order', () => {
    const fields: [string, string][] = [
      ['A', '1'],
      ['x-highball-LOAD', 'delay=1, queue=2'],
      ['B', '2'],
    ];
    expect(takeLoad(fields)).toEqual({ delayMs: 1, queue: 2 });
    expect(fields.map(([name]) => name)).toEqual(['A', 'B']);
  });

  test('takes all away but believes none of several', () => {
    const fields: [string, string][] = [
      ['X-Highball-Load', 'delay=1, queue=2'],
      ['X-Highball-Load', 'delay=1, queue=0'],
    ];
    expect(takeLoad(fields)).toBeUndefined();
    expect(fields).toEqual([]);
  });
});
