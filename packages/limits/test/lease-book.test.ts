import { expect, test } from 'vitest';
import { LeaseBook } from '../src/lease-book.ts';

/** Asks once, as a key does that was not seen for a while. */
function begun(size = 10, durationMs = 100): LeaseBook {
  const book = new LeaseBook(size, durationMs);
  expect(book.take('a', 0)).toBe(0);
  book.settle('a', 0, 0, 0);
  return book;
}

test('a key that is seldom asked for wishes for nothing', () => {
  const book = begun();
  expect(book.take('a', 1000)).toBe(0);
  expect(book.take('b', 0)).toBe(0);
});

test('a key that is asked for again wishes for more, up to the size of a lease', () => {
  const book = begun(5);
  const wishes: number[] = [];
  for (let i = 0; i < 4; i++) {
    const want = book.take('a', 1);
    wishes.push(want);
    book.settle('a', want, 0, 1);
    // Requests that pass by no lease count, too.
    for (let used = 0; used < i; used++) book.settle('a', book.take('a', 1), 0, 1);
  }
  expect(wishes[0]).toBe(4);
  expect(Math.max(...wishes)).toBeLessThanOrEqual(5);
});

test('what was granted passes, and no more', () => {
  const book = begun();
  book.settle('a', book.take('a', 1), 3, 1);
  expect([2, 3, 4].map((now) => book.take('a', now))).toEqual([-1, -1, -1]);
  expect(book.take('a', 5)).toBeGreaterThan(0);
});

test('one request asks for a lease, and the others meanwhile for themselves', () => {
  const book = begun();
  expect(book.take('a', 1)).toBeGreaterThan(0);
  expect([book.take('a', 1), book.take('a', 1)]).toEqual([0, 0]);
  book.settle('a', 4, 1, 2);
  expect([book.take('a', 2), book.take('a', 2)]).toEqual([-1, expect.toSatisfy((want: number) => want > 0)]);
});

test('a lease that could not be had is asked for again', () => {
  const book = begun();
  const want = book.take('a', 1);
  book.settle('a', want, 0, 1);
  expect(book.take('a', 2)).toBeGreaterThan(0);
});

test('what is left after its time is forfeited', () => {
  const book = begun();
  book.settle('a', book.take('a', 1), 9, 1);
  expect(book.take('a', 100)).toBe(-1);
  expect(book.take('a', 101)).not.toBe(-1);
});

test('another keeper begins anew', () => {
  const book = begun();
  book.settle('a', book.take('a', 1), 9, 1);
  book.clear();
  expect(book.take('a', 2)).toBe(0);
});

test('keys are forgotten beyond ten thousand', () => {
  const book = begun();
  book.settle('a', book.take('a', 1), 9, 1);
  for (let i = 0; i < 10_000; i++) book.settle(`flood-${i}`, 0, 0, 1);
  expect(book.take('a', 2)).toBe(0);
});
