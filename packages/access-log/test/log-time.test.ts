import { expect, test } from 'vitest';
import { LogTime } from '../src/log-time.ts';

test('the words of a second are made once, and anew in the next', () => {
  const time = new LogTime();
  time.set(1_795_250_036_100);
  const first = time.common;
  time.set(1_795_250_036_900);
  expect(time.common).toBe(first);
  expect(time.seconds).toBe('1795250036.900');
  time.set(1_795_250_037_000);
  expect(time.common).not.toBe(first);
  expect(new Date(time.iso).getTime()).toBe(1_795_250_037_000);
});

test('a clock that is set back is followed', () => {
  const time = new LogTime();
  time.set(1_795_250_036_100);
  const first = time.iso;
  time.set(1_795_250_030_000);
  expect(time.iso < first).toBe(true);
});
