import { expect, test } from 'vitest';
import { median, percentile, ratioOf } from '../statistics.ts';

test('the median is the middle one, or between the two in the middle', () => {
  expect(median([5, 1, 100])).toBe(5);
  expect(median([1, 2, 4, 100])).toBe(3);
  expect(median([])).toBeNaN();
});

test('a percentile is a value that was measured', () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(percentile(values, 99)).toBe(99);
  expect(percentile(values, 50)).toBe(50);
  expect(percentile(values, 100)).toBe(100);
  expect(percentile([7], 99)).toBe(7);
  expect(percentile([], 99)).toBeNaN();
});

test('a ratio compares each round with its own: a slow minute of the machine does not count', () => {
  expect(ratioOf([100, 10, 100], [50, 5, 50])).toEqual({ value: 2, least: 2, most: 2 });
  expect(ratioOf([100, 100, 100], [50, 100, 200])).toEqual({ value: 1, least: 0.5, most: 2 });
});
