import { describe, expect, test } from 'vitest';
import { maglevSize, maglevTable } from '../../src/index.ts';

const SIZE = 65_537;

/** How many slots each peer has. */
function slots(weights: readonly number[], size = SIZE): number[] {
  const counts = weights.map(() => 0);
  for (const place of maglevTable(
    weights.map((weight, i) => ({ id: `p${i}`, weight })),
    size,
  )) {
    counts[place] = (counts[place] as number) + 1;
  }
  return counts;
}

describe('the table', () => {
  test('has the same number of slots for all, one more or less', () => {
    const counts = slots(Array.from({ length: 100 }, () => 1));
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });

  test.each([
    [[1, 2, 3]],
    [[0.5, 1.5]],
    [[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 500]],
    [[65_535, ...Array.from({ length: 50 }, () => 1)]],
  ])('keeps to the weights to a thousandth: %j', (weights) => {
    const sum = weights.reduce((sum, weight) => sum + weight, 0);
    for (const [i, count] of slots(weights).entries()) {
      expect(Math.abs(count / SIZE - (weights[i] as number) / sum)).toBeLessThan(0.001);
    }
  });

  test('does not depend on the order of the list', () => {
    const peers = ['a', 'b', 'c', 'd'].map((id, i) => ({ id, weight: 1 + i }));
    const names = (list: typeof peers): string[] =>
      Array.from(maglevTable(list, 251), (place) => list[place]!.id);
    expect(names(peers.toReversed())).toEqual(names(peers));
  });
});

test.each([
  [1, 65_537],
  [655, 65_537],
  [656, 655_373],
  [100_000, 655_373],
])('%d peers get a table of %d slots', (peers, size) => {
  expect(maglevSize(peers)).toBe(size);
});
