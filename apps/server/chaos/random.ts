/** Random numbers that come again with the same seed: mulberry32, Tommy Ettinger 2017, public domain. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** One of several. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('there is nothing to pick from');
    return items[this.between(0, items.length - 1)] as T;
  }

  /** All of them, in another order. */
  shuffle<T>(items: readonly T[]): T[] {
    const mixed = [...items];
    for (let left = mixed.length - 1; left > 0; left--) {
      const other = this.between(0, left);
      [mixed[left], mixed[other]] = [mixed[other] as T, mixed[left] as T];
    }
    return mixed;
  }
}

/** A seed for a part of the run, so that one part's numbers do not depend on how often another asks. */
export function seedOf(seed: number, part: string): number {
  let hash = seed >>> 0;
  for (const character of part) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
