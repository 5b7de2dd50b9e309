/** How much may be held. */
export interface Capacity {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** The part of the bytes that is for what was asked for more than once (Karedla, Love, Wherry 1994: 60–80%). */
const PROTECTED = 0.8;

/** A use this recent, in parts of the entries that there are, moves nothing: the order is as good, and far cheaper. */
const RECENT = 1 / 8;

interface Item<Value> {
  readonly value: Value;
  readonly bytes: number;
  /** How many moves there had been when it was moved to the end. */
  movedAt: number;
}

/**
 * A least-recently-used cache in two segments (Karedla, Love and Wherry: Caching Strategies to Improve Disk System
 * Performance, 1994). Newcomers are on probation and are the first to go; a second request lets them into the
 * protected segment, whose oldest fall back on probation. A crawler that asks for everything once pushes out nothing
 * that is asked for often.
 */
export class SegmentedLru<Value> {
  readonly #capacity: Capacity;
  /** Both in the order of use, the oldest first. */
  readonly #probation = new Map<string, Item<Value>>();
  readonly #protected = new Map<string, Item<Value>>();
  #bytes = 0;
  #protectedBytes = 0;
  #moves = 0;

  constructor(capacity: Capacity) {
    this.#capacity = capacity;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#probation.size + this.#protected.size;
  }

  /** The value of a key; counts as a use. */
  get(key: string): Value | undefined {
    const safe = this.#protected.get(key);
    if (safe !== undefined) {
      // Whatever has come behind it since is less than this.
      if (this.#moves - safe.movedAt <= this.#protected.size * RECENT) return safe.value;
      this.#protected.delete(key);
      this.#protected.set(key, safe);
      safe.movedAt = ++this.#moves;
      return safe.value;
    }
    const item = this.#probation.get(key);
    if (item === undefined) return undefined;
    this.#probation.delete(key);
    this.#protect(key, item);
    return item.value;
  }

  /**
   * Keeps a value; what was used longest ago leaves until it fits. One that takes the place of another keeps its
   * segment.
   * @returns whether it is kept: not when it alone is too large.
   */
  set(key: string, value: Value, bytes: number): boolean {
    const wasProtected = this.#protected.has(key);
    this.delete(key);
    if (bytes > this.#capacity.maxBytes || this.#capacity.maxEntries < 1) return false;
    while (this.#bytes + bytes > this.#capacity.maxBytes || this.size >= this.#capacity.maxEntries) {
      this.#evict();
    }
    this.#bytes += bytes;
    const item = { value, bytes, movedAt: this.#moves };
    if (wasProtected) this.#protect(key, item);
    else this.#probation.set(key, item);
    return true;
  }

  /** All keys and values, in no order that means anything; it is no use. */
  *entries(): Generator<[key: string, value: Value]> {
    for (const segment of [this.#probation, this.#protected])
      for (const [key, { value }] of segment) yield [key, value];
  }

  delete(key: string): void {
    const item = this.#probation.get(key) ?? this.#protected.get(key);
    if (item === undefined) return;
    this.#bytes -= item.bytes;
    if (this.#protected.delete(key)) this.#protectedBytes -= item.bytes;
    else this.#probation.delete(key);
  }

  clear(): void {
    this.#probation.clear();
    this.#protected.clear();
    this.#bytes = 0;
    this.#protectedBytes = 0;
  }

  #protect(key: string, item: Item<Value>): void {
    this.#protected.set(key, item);
    item.movedAt = ++this.#moves;
    this.#protectedBytes += item.bytes;
    const most = PROTECTED * this.#capacity.maxBytes;
    const mostEntries = Math.ceil(PROTECTED * this.#capacity.maxEntries);
    while ((this.#protectedBytes > most || this.#protected.size > mostEntries) && this.#protected.size > 1) {
      const [oldest, fallen] = this.#protected.entries().next().value as [string, Item<Value>];
      this.#protected.delete(oldest);
      this.#protectedBytes -= fallen.bytes;
      this.#probation.set(oldest, fallen);
    }
  }

  #evict(): void {
    const segment = this.#probation.size > 0 ? this.#probation : this.#protected;
    this.delete(segment.keys().next().value as string);
  }
}
