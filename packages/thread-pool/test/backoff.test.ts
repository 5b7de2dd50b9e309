import { expect, test } from 'vitest';
import { Backoff } from '../src/backoff.ts';

test('the first death costs nothing, each one more twice as much, up to a limit', () => {
  const backoff = new Backoff({ firstMs: 100, maxMs: 500 });
  expect([0, 0, 0, 0, 0, 0].map((servedMs) => backoff.died(servedMs))).toEqual([0, 100, 200, 400, 500, 500]);
});

test('a thread that has served for long ends the row', () => {
  const backoff = new Backoff({ stableMs: 1000 });
  backoff.died(0);
  expect(backoff.died(999)).toBe(100);
  expect(backoff.died(1000)).toBe(0);
  expect(backoff.died(0)).toBe(100);
});
