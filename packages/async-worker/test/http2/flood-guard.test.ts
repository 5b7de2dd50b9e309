import { describe, expect, test } from 'vitest';
import { FloodGuard } from '../../src/http2/flood-guard.ts';
import { TestClock } from '../support.ts';

describe('bytes', () => {
  test('a megabyte may be of no use, eight times over', () => {
    const guard = new FloodGuard(new TestClock(), 10);
    expect(guard.isFlood(8 * 1_048_576)).toBe(false);
    expect(guard.isFlood(8 * 1_048_576 + 8)).toBe(true);
  });

  test('and eight for each that is', () => {
    const guard = new FloodGuard(new TestClock(), 10);
    guard.useful(1_000_000);
    expect(guard.isFlood(8 * 2_048_576)).toBe(false);
    expect(guard.isFlood(8 * 2_048_576 + 8)).toBe(true);
  });
});

describe('requests that are taken back', () => {
  test('so many at a time', () => {
    const guard = new FloodGuard(new TestClock(), 3);
    const seen = Array.from({ length: 4 }, () => guard.isResetTooMany());
    expect(seen).toEqual([false, false, false, true]);
  });

  test('then 33 a second, and time does not add up to more than at first', () => {
    const clock = new TestClock();
    const guard = new FloodGuard(clock, 3);
    for (let i = 0; i < 3; i++) guard.isResetTooMany();
    clock.advance(31);
    expect(guard.isResetTooMany()).toBe(false);
    expect(guard.isResetTooMany()).toBe(true);
    clock.advance(3_600_000);
    const seen = Array.from({ length: 4 }, () => guard.isResetTooMany());
    expect(seen).toEqual([false, false, false, true]);
  });
});
