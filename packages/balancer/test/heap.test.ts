import { expect, test } from 'vitest';
import { IndexedHeap } from '../src/heap.ts';
import { seeded } from './support.ts';

test('has the first ahead, whatever is put in, moved and taken out', () => {
  const random = seeded(3);
  const keys: number[] = [];
  const inside = new Set<number>();
  const heap = new IndexedHeap((a, b) => (keys[a] as number) < (keys[b] as number));
  for (let step = 0; step < 5000; step++) {
    const item = Math.floor(random() * 60);
    if (random() < 0.35) {
      heap.delete(item);
      inside.delete(item);
    } else {
      keys[item] = random();
      heap.set(item);
      inside.add(item);
    }
    const first = [...inside].toSorted((a, b) => (keys[a] as number) - (keys[b] as number))[0];
    expect([heap.peek(), heap.size, heap.has(item)]).toEqual([first, inside.size, inside.has(item)]);
  }
});
