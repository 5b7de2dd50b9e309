import { assert, array, double, integer, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decideScale, NO_MEMORY, resolveAutoscale, type ScaleMemory } from '../src/autoscale.ts';

const options = resolveAutoscale({ min: 1, max: 8 });

/** Feeds one load for so many seconds, one look each; returns the sizes that were asked for. */
function feed(size: number, utilisation: number, seconds: number, bounds = options): number[] {
  let memory: ScaleMemory = NO_MEMORY;
  const asked: number[] = [];
  let present = size;
  for (let second = 0; second <= seconds; second++) {
    const utilisations = Array.from({ length: present }, () => (utilisation * size) / present);
    const decision = decideScale({ now: second * 1000, size: present, utilisations }, bounds, memory);
    memory = decision.memory;
    if (decision.size !== present) asked.push(decision.size);
    present = decision.size;
  }
  return asked;
}

describe('under load', () => {
  test('it goes up in one step to what brings the load to the target, after 3 s', () => {
    expect(feed(2, 1, 2)).toEqual([]);
    expect(feed(2, 1, 3)).toEqual([3]);
    expect(feed(4, 1, 10)).toEqual([6]);
  });

  test('never above the bound', () => {
    expect(feed(8, 1, 100)).toEqual([]);
    expect(feed(7, 1, 10)).toEqual([8]);
  });

  test('a load within the tolerance changes nothing', () => {
    expect(feed(4, 0.75, 1000)).toEqual([]);
    expect(feed(4, 0.6, 1000)).toEqual([]);
  });

  test('a moment without load starts the waiting anew', () => {
    let memory: ScaleMemory = NO_MEMORY;
    const look = (now: number, utilisation: number): number => {
      const decision = decideScale({ now, size: 1, utilisations: [utilisation] }, options, memory);
      memory = decision.memory;
      return decision.size;
    };
    expect([look(0, 1), look(2000, 0.5), look(4000, 1), look(6000, 1), look(7000, 1)]).toEqual([
      1, 1, 1, 1, 2,
    ]);
  });
});

describe('without load', () => {
  test('it goes down one worker at a time, each after a minute', () => {
    expect(feed(4, 0, 59)).toEqual([]);
    expect(feed(4, 0, 60)).toEqual([3]);
    expect(feed(4, 0, 1000)).toEqual([3, 2, 1]);
  });

  test('only as far as the rest can bear the load', () => {
    expect(feed(4, 0.35, 1000)).toEqual([3]);
    expect(feed(4, 0.3, 1000)).toEqual([3, 2]);
  });
});

test('a size outside of the bounds is put right at once', () => {
  const sample = { now: 0, utilisations: [] };
  expect(decideScale({ ...sample, size: 9 }, options, NO_MEMORY).size).toBe(8);
  expect(decideScale({ ...sample, size: 2 }, resolveAutoscale({ min: 3, max: 8 }), NO_MEMORY).size).toBe(3);
});

test('workers that have not said anything yet are waited for', () => {
  const memory = { more: 0, fewer: undefined };
  const decision = decideScale({ now: 10_000, size: 2, utilisations: [1] }, options, memory);
  expect(decision).toEqual({ size: 2, memory: NO_MEMORY });
});

test('whatever the load, the size stays within the bounds, and a steady load leads to a steady size', () => {
  const loads = array(double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 1 });
  assert(
    property(integer({ min: 1, max: 8 }), loads, (size, [load = 0]) => {
      const asked = feed(size, load, 2000);
      for (const next of asked) expect(next >= 1 && next <= 8).toBe(true);
      // Up once and then never down again, or only down: it does not swing.
      const ups = asked.filter((next, index) => next > (asked[index - 1] ?? size)).length;
      expect(ups === 0 || ups === asked.length).toBe(true);
    }),
  );
});
