import { expect, test } from 'vitest';
import { ketamaRing, ringPlace } from '../../src/index.ts';

test('the ring has 160 points for each unit of weight, in order and each once', () => {
  const { points, owners } = ketamaRing([
    { id: 'http://10.0.0.1:80', weight: 1 },
    { id: '10.0.0.2:80', weight: 3 },
  ]);
  expect(points.length).toBe(640);
  expect(owners.filter((owner) => owner === 0).length).toBe(160);
  for (let i = 1; i < points.length; i++) expect(points[i]).toBeGreaterThan(points[i - 1] as number);
});

test('of two peers with the same points the first keeps them', () => {
  const { points, owners } = ketamaRing([
    { id: 'http://10.0.0.1:80', weight: 1 },
    { id: 'https://10.0.0.1:80', weight: 1 },
  ]);
  expect([points.length, Math.max(...owners)]).toEqual([160, 0]);
});

test('a hash belongs to the first point that is not below it, and beyond the last to the first', () => {
  const ring = { points: Uint32Array.of(10, 20, 30), owners: Uint32Array.of(0, 1, 2) };
  expect([0, 10, 11, 20, 30, 31, 2 ** 32 - 1].map((hash) => ringPlace(ring, hash))).toEqual([
    0, 0, 1, 1, 2, 0, 0,
  ]);
});

test('a ring has a largest size', () => {
  const heavy = Array.from({ length: 3 }, (_, i) => ({ id: `p${i}`, weight: 65_535 }));
  expect(ketamaRing(heavy).points.length).toBeLessThanOrEqual(2 ** 22);
});
