import { describe, expect, test } from 'vitest';
import { S3Fifo } from '../src/s3-fifo.ts';

const cacheOf = (maxEntries: number, maxBytes = 1e9): S3Fifo<number> => new S3Fifo({ maxEntries, maxBytes });

describe('S3-FIFO', () => {
  test('what is asked for again outlives a scan of many times its size', () => {
    const cache = cacheOf(100);
    for (let i = 0; i < 50; i++) cache.set(`hot-${i}`, i, 1);
    for (let i = 0; i < 50; i++) cache.get(`hot-${i}`);
    for (let i = 0; i < 10_000; i++) cache.set(`scan-${i}`, i, 1);
    const left = Array.from({ length: 50 }, (_, i) => cache.get(`hot-${i}`)).filter((v) => v !== undefined);
    expect(left.length).toBe(50);
    expect(cache.size).toBe(100);
  });

  test('its hit rate on a skewed load with scans is above that of LRU', () => {
    const s3 = cacheOf(100);
    const lru = new Map<string, number>();
    let seed = 1;
    const random = (): number => (seed = (Math.imul(seed, 48_271) >>> 0) % 2_147_483_647) / 2_147_483_647;
    const hits = { s3: 0, lru: 0 };
    for (let i = 0; i < 60_000; i++) {
      const key = i % 3 === 0 ? `scan-${i}` : `popular-${Math.floor(random() ** 3 * 300)}`;
      if (s3.get(key) === undefined) s3.set(key, i, 1);
      else hits.s3++;
      if (lru.delete(key)) hits.lru++;
      lru.set(key, i);
      if (lru.size > 100) lru.delete(lru.keys().next().value as string);
    }
    expect(hits.s3).toBeGreaterThan(hits.lru * 1.05);
  });

  test('who comes back soon after it was turned out is not on probation again', () => {
    const cache = cacheOf(10);
    for (let i = 0; i < 11; i++) cache.set(`k${i}`, i, 1);
    expect(cache.get('k0')).toBeUndefined();
    cache.set('k0', 0, 1);
    for (let i = 0; i < 100; i++) cache.set(`scan-${i}`, i, 1);
    expect(cache.get('k0')).toBe(0);
  });

  test('what was asked for once long ago leaves in the end', () => {
    const cache = cacheOf(10);
    cache.set('old', 0, 1);
    cache.get('old');
    for (let round = 0; round < 40; round++) {
      cache.set(`k${round}`, round, 1);
      for (let i = 0; i < 3; i++) cache.get(`k${round}`);
    }
    expect(cache.get('old')).toBeUndefined();
  });

  test('keeps to its bytes, and does not take what can never fit', () => {
    const cache = cacheOf(1000, 100);
    for (let i = 0; i < 500; i++) {
      cache.set(`k${i % 60}`, i, 1 + (i % 37));
      if (i % 3 === 0) cache.get(`k${i % 7}`);
      expect(cache.bytes).toBeLessThanOrEqual(100);
    }
    expect(cache.size).toBeGreaterThan(2);
    cache.set('huge', 1, 101);
    expect(cache.get('huge')).toBeUndefined();
  });

  test('counts what is replaced and deleted, and tells of all that leaves', () => {
    const left: number[] = [];
    const cache = new S3Fifo<number>({ maxEntries: 2, maxBytes: 100 }, (value) => left.push(value));
    cache.set('a', 1, 10);
    cache.set('a', 2, 20);
    expect([cache.bytes, cache.size, left]).toEqual([20, 1, [1]]);
    cache.delete('a');
    cache.delete('a');
    expect([cache.bytes, cache.size, left]).toEqual([0, 0, [1, 2]]);
    for (const key of ['a', 'b', 'c']) cache.set(key, 3, 1);
    expect(left).toEqual([1, 2, 3]);
  });

  test('a cache of no entries keeps none', () => {
    const cache = cacheOf(0);
    cache.set('a', 1, 1);
    expect([cache.get('a'), cache.size, cache.evictSome()]).toEqual([undefined, 0, false]);
  });
});
