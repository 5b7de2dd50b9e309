import { expect, test } from 'vitest';
import { Backoff } from '../src/backoff.ts';

test('the first crash costs nothing, each further one twice as much as the one before', () => {
  const backoff = new Backoff();
  expect(Array.from({ length: 6 }, () => backoff.crashed(50))).toEqual([0, 100, 200, 400, 800, 1600]);
});

test('no wait is longer than the longest', () => {
  const backoff = new Backoff({ firstMs: 10, maxMs: 25 });
  expect(Array.from({ length: 5 }, () => backoff.crashed(0))).toEqual([0, 10, 20, 25, 25]);
  const patient = new Backoff();
  for (let crash = 0; crash < 2000; crash++) patient.crashed(0);
  expect(patient.crashed(0)).toBe(30_000);
});

test('a worker that was stable ends the row', () => {
  const backoff = new Backoff({ stableMs: 1000 });
  for (let crash = 0; crash < 5; crash++) backoff.crashed(999);
  expect(backoff.crashes(999)).toBe(5);
  expect(backoff.crashes(1000)).toBe(0);
  expect(backoff.crashed(1000)).toBe(0);
  expect(backoff.crashed(999)).toBe(100);
});
