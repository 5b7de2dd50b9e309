interface Node<Value> {
  value: Value;
  bytes: number;
  /** Hits since it was last looked at by the eviction, up to {@link MAX_HITS}. */
  hits: number;
  /** In the main queue, or on probation. */
  main: boolean;
}

/** Two bits a node, as in the paper: more hits do not tell more. */
const MAX_HITS = 3;
/** The part of the cache in which newcomers are on probation (the paper's 10%). */
const PROBATION = 0.1;

/** How much a cache may hold. */
export interface CacheLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/**
 * A cache by S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: FIFO Queues are All You Need for Cache Eviction, SOSP 2023).
 * Newcomers wait in a small queue; who is not asked for there leaves without having pushed out anything that is
 * asked for often: a crawler that reads every file once costs a tenth of the cache. Who comes back soon after it was
 * turned out is let into the main queue. A hit moves nothing: it counts, and that is all.
 */
export class S3Fifo<Value> {
  readonly #nodes = new Map<string, Node<Value>>();
  /** Keys in the order of their arrival. */
  readonly #probation = new Set<string>();
  readonly #main = new Set<string>();
  /** Hashes of the keys that were turned out of the probation, in order: they cost the same for any key. */
  readonly #ghosts = new Set<number>();
  readonly #limits: CacheLimits;
  readonly #onEvict: (value: Value) => void;
  #bytes = 0;
  #probationBytes = 0;

  /** @param onEvict - told of each value that leaves, also when it is replaced or deleted. */
  constructor(limits: CacheLimits, onEvict: (value: Value) => void = () => undefined) {
    this.#limits = limits;
    this.#onEvict = onEvict;
  }

  /** What all values together weigh. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#nodes.size;
  }

  /** The value of a key; counts as a hit. */
  get(key: string): Value | undefined {
    const node = this.#nodes.get(key);
    if (node === undefined) return undefined;
    if (node.hits < MAX_HITS) node.hits++;
    return node.value;
  }

  /**
   * Keeps a value, and evicts others until it fits. A value that can never fit is not kept.
   * @param bytes - what it weighs.
   */
  set(key: string, value: Value, bytes: number): void {
    const before = this.#nodes.get(key);
    this.delete(key);
    const { maxBytes, maxEntries } = this.#limits;
    if (bytes > maxBytes || maxEntries < 1) return;
    while (this.#bytes + bytes > maxBytes || this.#nodes.size >= maxEntries) this.evictSome();
    const main = this.#ghosts.delete(hash(key)) || before?.main === true;
    this.#nodes.set(key, { value, bytes, hits: before?.hits ?? 0, main });
    (main ? this.#main : this.#probation).add(key);
    this.#bytes += bytes;
    if (!main) this.#probationBytes += bytes;
  }

  delete(key: string): void {
    const node = this.#nodes.get(key);
    if (node !== undefined) this.#drop(key, node);
  }

  /** One step towards more room: to be called until there is enough. Says whether there was anything to evict. */
  evictSome(): boolean {
    const { maxBytes, maxEntries } = this.#limits;
    const crowded =
      this.#probationBytes > PROBATION * maxBytes || this.#probation.size > PROBATION * maxEntries;
    if (this.#probation.size > 0 && (crowded || this.#main.size === 0)) this.#endProbation();
    else if (this.#main.size > 0) this.#ageMain();
    return this.#nodes.size > 0;
  }

  /** The oldest on probation is let in when it was asked for again, and leaves otherwise. */
  #endProbation(): void {
    const key = first(this.#probation);
    const node = this.#nodes.get(key) as Node<Value>;
    if (node.hits === 0) {
      this.#drop(key, node);
      this.#remember(hash(key));
      return;
    }
    this.#probation.delete(key);
    this.#probationBytes -= node.bytes;
    node.main = true;
    node.hits = 0;
    this.#main.add(key);
  }

  /** The oldest of the main queue has another round for each hit it had. */
  #ageMain(): void {
    const key = first(this.#main);
    const node = this.#nodes.get(key) as Node<Value>;
    if (node.hits === 0) {
      this.#drop(key, node);
      return;
    }
    node.hits--;
    this.#main.delete(key);
    this.#main.add(key);
  }

  #drop(key: string, node: Node<Value>): void {
    this.#nodes.delete(key);
    (node.main ? this.#main : this.#probation).delete(key);
    this.#bytes -= node.bytes;
    if (!node.main) this.#probationBytes -= node.bytes;
    this.#onEvict(node.value);
  }

  #remember(ghost: number): void {
    this.#ghosts.add(ghost);
    if (this.#ghosts.size <= this.#limits.maxEntries) return;
    this.#ghosts.delete(first(this.#ghosts));
  }
}

function first<Item>(items: Set<Item>): Item {
  return items.values().next().value as Item;
}

/** FNV-1a, 32 bits. Two keys with the same hash only mean that one of them skips its probation. */
function hash(key: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) value = Math.imul(value ^ key.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
