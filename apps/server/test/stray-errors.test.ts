import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { recycleOnStrayErrors } from '../src/stray-errors.ts';

function setUp(uptimeMs: number) {
  const source = new EventEmitter();
  const recycle = vi.fn<(reason: string) => void>();
  const error = vi.fn<() => void>();
  const timers: { callback: () => void; delayMs: number }[] = [];
  recycleOnStrayErrors(
    source,
    { recycle },
    { error },
    {
      uptimeMs: () => uptimeMs,
      setTimeout: (callback, delayMs) => timers.push({ callback, delayMs }),
    },
  );
  return { source, recycle, error, timers };
}

test('an error is logged, and the worker asks for its replacement with the reason', () => {
  const { source, recycle, error, timers } = setUp(60_000);
  source.emit('uncaughtException', new Error('astray\nand more'));
  expect(error).toHaveBeenCalledOnce();
  expect(timers.map(({ delayMs }) => delayMs)).toEqual([0]);
  timers[0]?.callback();
  expect(recycle).toHaveBeenCalledExactlyOnceWith('an error outside any request: astray and more');
});

test('a young worker waits before it asks, so that a fault in each of them does not boot without end', () => {
  expect.assertions(1);
  const { source, timers } = setUp(500);
  source.emit('unhandledRejection', 'no reason');
  expect(timers.map(({ delayMs }) => delayMs)).toEqual([2500]);
});

test('each error is logged, and one request for a replacement is under way at a time', () => {
  const { source, recycle, error, timers } = setUp(60_000);
  for (let i = 0; i < 5; i++) source.emit('uncaughtException', new Error('again'));
  expect(error).toHaveBeenCalledTimes(5);
  expect(timers).toHaveLength(1);
  timers[0]?.callback();
  // The replacement may not have come up: a later error asks anew.
  source.emit('uncaughtException', new Error('again'));
  expect(timers).toHaveLength(2);
  expect(recycle).toHaveBeenCalledOnce();
});
