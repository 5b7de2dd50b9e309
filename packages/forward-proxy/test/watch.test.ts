import { beforeEach, expect, test } from 'vitest';
import type { Refusal } from '../src/errors.ts';
import { Watch } from '../src/watch.ts';
import { ManualClock } from './support.ts';

const limits = { idleTimeoutMs: 100, totalTimeoutMs: 1000, maxBytes: 50 };
let clock: ManualClock;
let breaches: string[];
const watchWith = (some: Partial<typeof limits> = {}): Watch =>
  new Watch(clock, { ...limits, ...some }, ({ code }: Refusal) => void breaches.push(code));

beforeEach(() => {
  clock = new ManualClock();
  breaches = [];
});

test('silence is told of when it has lasted so long', () => {
  watchWith();
  clock.advance(99);
  expect(breaches).toEqual([]);
  clock.advance(1);
  expect(breaches).toEqual(['IDLE_TIMEOUT']);
});

test('whatever happens ends the silence', () => {
  const watch = watchWith();
  for (const act of [() => watch.touch(), () => watch.sent(1), () => watch.received(1)]) {
    clock.advance(99);
    act();
  }
  clock.advance(99);
  expect(breaches).toEqual([]);
  clock.advance(1);
  expect(breaches).toEqual(['IDLE_TIMEOUT']);
});

test('the total time is up however much happens', () => {
  const watch = watchWith();
  for (let i = 0; i < 20; i++) {
    clock.advance(50);
    watch.touch();
  }
  expect(breaches).toEqual(['TOTAL_TIMEOUT']);
});

test('bytes of both ways count together; the last that fits passes', () => {
  const watch = watchWith();
  expect(watch.sent(25)).toBe(true);
  expect(watch.received(25)).toBe(true);
  expect(watch.received(1)).toBe(false);
  expect(watch.sent(1)).toBe(false);
  expect(breaches).toEqual(['BYTES_EXCEEDED']);
});

test('silence does not count while it is suspended, the total time does', () => {
  const watch = watchWith();
  watch.suspend();
  clock.advance(900);
  expect(breaches).toEqual([]);
  watch.touch();
  clock.advance(99);
  expect(breaches).toEqual([]);
  clock.advance(1);
  expect(breaches).toEqual(['TOTAL_TIMEOUT']);
});

test('in a hurry, less silence is borne', () => {
  watchWith().hurry(10);
  clock.advance(10);
  expect(breaches).toEqual(['IDLE_TIMEOUT']);
});

test('nothing is watched behind the end, and no timer stays', () => {
  const watch = watchWith();
  watch.stop();
  watch.hurry(1);
  expect(clock.waiting).toBe(0);
  clock.advance(10_000);
  expect(breaches).toEqual([]);
});

test('without limits there is no timer at all', () => {
  watchWith({ idleTimeoutMs: Infinity, totalTimeoutMs: Infinity });
  expect(clock.waiting).toBe(0);
});
