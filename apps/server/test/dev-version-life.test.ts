import { describe, expect, test } from 'vitest';
import { VersionLife } from '../src/dev/version-life.ts';

function setUp() {
  const ends: boolean[] = [];
  const errors: unknown[] = [];
  const timers: (() => void)[] = [];
  const clock = {
    now: () => 0,
    every: () => () => undefined,
    after: (_: number, call: () => void) => {
      timers.push(call);
      return () => undefined;
    },
  };
  const life = new VersionLife(clock, (error) => errors.push(error));
  life.lifecycle.onStop((graceful) => void ends.push(graceful));
  return { life, ends, errors, timers };
}

describe('VersionLife', () => {
  test('ends with the version when it has no requests', () => {
    const { life, ends } = setUp();
    life.enter();
    life.leave();
    expect(ends).toEqual([]);
    life.retire();
    expect(ends).toEqual([true]);
  });

  test('waits for the last request of a version that was replaced', () => {
    const { life, ends } = setUp();
    life.enter();
    life.enter();
    life.retire();
    life.leave();
    expect(ends).toEqual([]);
    life.leave();
    expect(ends).toEqual([true]);
  });

  test('does not wait for ever, and ends once', () => {
    const { life, ends, timers } = setUp();
    life.enter();
    life.retire();
    timers[0]?.();
    life.leave();
    expect(ends).toEqual([false]);
  });

  test('tells of what goes wrong', async () => {
    const { life, errors } = setUp();
    life.lifecycle.onStop(() => {
      throw new Error('no');
    });
    await life.end(true);
    expect(errors).toEqual([new Error('no')]);
  });
});
