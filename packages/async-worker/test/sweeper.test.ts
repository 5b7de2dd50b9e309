import { describe, expect, test } from 'vitest';
import { resolveOptions } from '../src/options.ts';
import { Sweeper, sweepPeriod } from '../src/sweeper.ts';
import { TestClock } from './support.ts';

describe('sweeping', () => {
  test('calls everyone with the time that has passed', () => {
    const clock = new TestClock();
    let rounds = 0;
    const calls: [number, number][] = [];
    const sweeper = new Sweeper(
      clock,
      [{ sweep: (now, elapsedMs) => calls.push([now, elapsedMs]) }],
      () => rounds++,
    );
    sweeper.start(1000);
    clock.advance(2000);
    sweeper.start(100);
    clock.advance(100);
    sweeper.stop();
    clock.advance(5000);
    expect(rounds).toBe(3);
    expect(calls).toEqual([[2000, 1000], [3000, 1000], [3100, 100]]); // prettier-ignore
  });

  test('is done every second, or more often for short deadlines', () => {
    expect(sweepPeriod(resolveOptions({}))).toBe(1000);
    expect(sweepPeriod(resolveOptions({ headTimeoutMs: 400 }))).toBe(100);
    expect(sweepPeriod(resolveOptions({ requestTimeoutMs: 1 }))).toBe(20);
    expect(sweepPeriod(resolveOptions({ keepAliveTimeoutMs: 0 }))).toBe(1000);
  });
});
