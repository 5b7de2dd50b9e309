import { type Ordered, UseOrder } from './use-order.ts';

/** How much may be held. */
export interface Capacity {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** The part of the bytes that is for what was asked for more than once (Karedla, Love, Wherry 1994: 60–80%). */
const PROTECTED = 0.8;

interface Item<Value> extends Ordered {
  readonly key: string;
  readonly value: Value;
  isProtected: boolean;
}

/**
 * A least-recently-used cache in two segments (Karedla, Love and Wherry: Caching Strategies to Improve Disk System
 * Performance, 1994). Newcomers are on probation and are the first to go; a second request lets them into the
 * protected segment, whose oldest fall back on probation. A crawler that asks for everything once pushes out nothing
 * that is asked for often.
 */
export class SegmentedLru<Value> {
  readonly #capacity: Capacity;
  readonly #items = new Map<string, Item<Value>>();
  readonly #probation = new UseOrder<Item<Value>>();
  readonly #protected = new UseOrder<Item<Value>>();

  constructor(capacity: Capacity) {
    this.#capacity = capacity;
  }

  get bytes(): number {
    return this.#probation.bytes + this.#protected.bytes;
  }

  get size(): number {
    return this.#items.size;
  }

  /** The value of a key; counts as a use. */
  get(key: string): Value | undefined {
    const item = this.#items.get(key);
    if (item === undefined) return undefined;
    if (item.isProtected) {
      this.#protected.renew(item);
    } else {
      this.#probation.remove(item);
      this.#protect(item);
    }
    return item.value;
  }

  /**
   * Keeps a value; what was used longest ago leaves until it fits. One that takes the place of another keeps its
   * segment.
   * @returns whether it is kept: not when it alone is too large.
   */
  set(key: string, value: Value, bytes: number): boolean {
    const wasProtected = this.#items.get(key)?.isProtected ?? false;
    this.delete(key);
    const { maxBytes, maxEntries } = this.#capacity;
    if (bytes > maxBytes || maxEntries < 1) return false;
    while (this.bytes + bytes > maxBytes || this.size >= maxEntries) this.#evict();
    const item: Item<Value> = { key, value, bytes, isProtected: false, older: undefined, newer: undefined };
    this.#items.set(key, item);
    if (wasProtected) this.#protect(item);
    else this.#probation.append(item);
    return true;
  }

  /** All keys and values, in no order that means anything; it is no use. */
  *entries(): Generator<[key: string, value: Value]> {
    for (const [key, { value }] of this.#items) yield [key, value];
  }

  delete(key: string): void {
    const item = this.#items.get(key);
    if (item === undefined) return;
    this.#items.delete(key);
    (item.isProtected ? this.#protected : this.#probation).remove(item);
  }

  /** It is in no segment at this moment. */
  #protect(item: Item<Value>): void {
    item.isProtected = true;
    this.#protected.append(item);
    const most = PROTECTED * this.#capacity.maxBytes;
    const mostEntries = Math.ceil(PROTECTED * this.#capacity.maxEntries);
    while ((this.#protected.bytes > most || this.#protected.size > mostEntries) && this.#protected.size > 1) {
      this.#fall();
    }
  }

  /** The oldest of the protected has to be asked for again. */
  #fall(): void {
    const oldest = this.#protected.oldest as Item<Value>;
    this.#protected.remove(oldest);
    oldest.isProtected = false;
    this.#probation.append(oldest);
  }

  #evict(): void {
    const segment = this.#probation.size > 0 ? this.#probation : this.#protected;
    this.delete((segment.oldest as Item<Value>).key);
  }
}
