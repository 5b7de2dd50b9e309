import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Sweeper, type Swept } from '../src/sweeper.ts';

const EVERY_MS = 25;

/** Something watched that writes down when it was looked at. */
class Item implements Swept {
  sweepIndex = -1;
  readonly name: string;
  readonly #seen: string[];
  readonly #then: () => void;

  constructor(name: string, seen: string[], then: () => void = () => undefined) {
    this.name = name;
    this.#seen = seen;
    this.#then = then;
  }

  sweep(now: number): void {
    this.#seen.push(`${this.name} at ${now}`);
    this.#then();
  }
}

describe('Sweeper', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('looks at everything that is watched, and not at what was deleted', () => {
    const seen: string[] = [];
    let now = 0;
    const sweeper = new Sweeper(60_000, () => now);
    const [a, b, c] = [new Item('a', seen), new Item('b', seen), new Item('c', seen)];
    for (const item of [a, b, c]) sweeper.add(item);
    sweeper.delete(a);
    now = 5;
    vi.advanceTimersByTime(EVERY_MS);
    expect(seen.toSorted()).toEqual(['b at 5', 'c at 5']);
    sweeper.delete(c);
    sweeper.delete(c);
    vi.advanceTimersByTime(EVERY_MS);
    expect(seen.slice(2)).toEqual(['b at 5']);
    expect([a.sweepIndex, c.sweepIndex]).toEqual([-1, -1]);
  });

  it('leaves nobody out of a sweep in which others end and come', () => {
    const seen: string[] = [];
    const sweeper = new Sweeper(60_000, () => 0);
    const late = new Item('late', seen);
    const items: Item[] = ['a', 'b', 'c', 'd'].map((name, i) => {
      return new Item(name, seen, () => {
        if (i === 3) sweeper.add(late);
        // One that was looked at, one that was not, and itself.
        if (i === 2) for (const place of [3, 0, 2]) sweeper.delete(items[place] as Item);
      });
    });
    for (const item of items) sweeper.add(item);
    vi.advanceTimersByTime(EVERY_MS);
    const names = seen.map((text) => text.split(' ')[0]);
    expect(names).toEqual(expect.arrayContaining(['b', 'c', 'd', 'late']));
    expect(names).not.toContain('a');
  });

  it('rests while there is nothing to watch', () => {
    const sweeper = new Sweeper(60_000, () => 0);
    const item = new Item('a', []);
    sweeper.add(item);
    sweeper.delete(item);
    vi.advanceTimersByTime(EVERY_MS);
    expect(vi.getTimerCount()).toBe(0);
    sweeper.add(item);
    expect(vi.getTimerCount()).toBe(1);
  });
});
