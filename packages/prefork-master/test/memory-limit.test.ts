import { expect, test } from 'vitest';
import { MemoryLimit } from '../src/memory-limit.ts';

const MiB = 1024 * 1024;
const large = (servedMs: number) => ({ servedMs, memoryBytes: 70 * MiB });

test('one that has grown is replaced, each time', () => {
  const limit = new MemoryLimit<object>(64 * MiB);
  for (let now = 0; now < 5; now++) expect(limit.judge({}, large(30_000), now)).toBe('replace');
});

test('one that is large from the start is replaced once; then such are left alone, each time for longer', () => {
  const limit = new MemoryLimit<object>(64 * MiB);
  const low = { memoryBytes: 70 * MiB, limitBytes: 64 * MiB, betterBytes: 112 * MiB };
  expect(limit.judge({}, large(1000), 0)).toEqual({ ...low, pauseMs: 60_000 });
  const second = {};
  expect(limit.judge(second, large(2000), 3000)).toBe('leave');
  // Not young any more, and large all the same.
  expect(limit.judge(second, large(56_999), 59_999)).toBe('leave');
  expect(limit.judge({}, large(40_000), 59_999)).toBe('replace');
  expect(limit.judge(second, large(57_000), 60_000)).toEqual({ ...low, pauseMs: 120_000 });
  const third = {};
  expect(limit.judge(third, large(0), 179_999)).toBe('leave');
  expect(limit.judge(third, large(1), 180_000)).toMatchObject({ pauseMs: 240_000 });
});

test('the pause is an hour at the most', () => {
  const limit = new MemoryLimit<object>(1);
  const pauses: number[] = [];
  for (let now = 0; pauses.length < 10; now += 3_600_000) {
    const verdict = limit.judge({}, large(1), now);
    if (typeof verdict === 'object') pauses.push(verdict.pauseMs);
  }
  expect(pauses.slice(-2)).toEqual([3_600_000, 3_600_000]);
});
