import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SegmentedLru } from '../src/segmented-lru.ts';

test('what was asked for twice outlives any number that are asked for once', () => {
  const lru = new SegmentedLru<number>({ maxBytes: 1000, maxEntries: 100 });
  for (let i = 0; i < 50; i++) lru.set(`hot ${i}`, i, 10);
  for (let i = 0; i < 50; i++) lru.get(`hot ${i}`);
  for (let i = 0; i < 10_000; i++) lru.set(`scan ${i}`, i, 10);
  for (let i = 0; i < 50; i++) expect(lru.get(`hot ${i}`)).toBe(i);
});

test('what was used longest ago leaves first', () => {
  const lru = new SegmentedLru<number>({ maxBytes: 30, maxEntries: 100 });
  for (const [index, key] of ['a', 'b', 'c', 'd'].entries()) lru.set(key, index, 10);
  expect([lru.get('a'), lru.get('b')]).toEqual([undefined, 1]);
});

test('what can never fit is not kept, and pushes out nothing but what it would replace', () => {
  const lru = new SegmentedLru<number>({ maxBytes: 30, maxEntries: 100 });
  lru.set('a', 1, 10);
  expect(lru.set('b', 2, 31)).toBe(false);
  expect(lru.set('a', 2, 31)).toBe(false);
  expect(lru.get('a')).toBeUndefined();
});

test('it never holds more than it may, and counts rightly, whatever happens', () => {
  const step = fc.record({
    key: fc.integer({ min: 0, max: 15 }).map(String),
    bytes: fc.integer({ min: 0, max: 60 }),
    act: fc.constantFrom('get', 'set', 'delete'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const lru = new SegmentedLru<number>({ maxBytes: 100, maxEntries: 7 });
      for (const { key, bytes, act } of steps) {
        if (act === 'get') lru.get(key);
        else if (act === 'set') lru.set(key, bytes, bytes);
        else lru.delete(key);
        expect(lru.bytes).toBeLessThanOrEqual(100);
        expect(lru.size).toBeLessThanOrEqual(7);
      }
      let sum = 0;
      for (let key = 0; key <= 15; key++) sum += lru.get(String(key)) ?? 0;
      expect(lru.bytes).toBe(sum);
    }),
    { numRuns: 200 },
  );
});
