import { account, type Bucket, delayOf, nextExcess, REQUEST, retryAfter } from './leaky-bucket.ts';
import type { Claim, ConcurrencyLimit, RateLimit } from './store.ts';

/** What became of a request's claims. */
export interface Outcome {
  /** The index of the claim that refuses; -1 when all grant. */
  readonly refusedBy: number;
  readonly delayMs: number;
  readonly retryAfterMs: number;
  /** Of the further requests that were wished for, so many are accounted, too. */
  readonly extra: number;
}

/** Who waits for another request to end cannot know when that is: one second is the least that HTTP can say. */
const BUSY_RETRY_MS = 1000;

/** The counts of many limits and keys. A limit keeps `maxKeys` rates; of more, the longest unused is forgotten. */
export class LimitTable {
  readonly #maxKeys: number;
  readonly #rates = new Map<string, Map<string, Bucket>>();
  readonly #held = new Map<string, Map<string, Map<string, number>>>();

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  /**
   * Claims all, or none.
   * @param members - the member of each claim, for `release`; what has none of its own gets this one.
   * @param want - how many more of the same to account where nothing would have to wait: a lease.
   */
  acquire(claims: readonly Claim[], member: string, now: number, want = 0): Outcome {
    const excesses: number[] = [];
    let delayMs = 0;
    let extra = want;
    for (let i = 0; i < claims.length; i++) {
      const { limit, key, member: own = member } = claims[i] as Claim;
      if (limit.kind === 'concurrency') {
        if (!this.#hasRoom(limit, key, own)) return refusal(i, BUSY_RETRY_MS);
        extra = 0;
        excesses.push(0);
        continue;
      }
      const excess = nextExcess(this.#rates.get(limit.name)?.get(key), limit.rate, now);
      if (excess > limit.burst) return refusal(i, retryAfter(excess, limit.burst, limit.rate));
      delayMs = Math.max(delayMs, delayOf(excess, limit.delay, limit.rate));
      extra = Math.min(extra, leasable(limit, excess));
      excesses.push(excess);
    }
    for (let i = 0; i < claims.length; i++) {
      const { limit, key, member: own = member } = claims[i] as Claim;
      if (limit.kind === 'concurrency') this.#hold(limit, key, own);
      else this.#account(limit, key, (excesses[i] as number) + extra * REQUEST, now);
    }
    return { refusedBy: -1, delayMs, retryAfterMs: 0, extra };
  }

  /** Gives back the concurrency that was claimed. */
  release(claims: readonly Claim[], member: string): void {
    for (const { limit, key, member: own = member } of claims) {
      const members = this.#held.get(limit.name)?.get(key);
      const count = members?.get(own);
      if (members === undefined || count === undefined) continue;
      if (count > 1) members.set(own, count - 1);
      else members.delete(own);
      if (members.size === 0) this.#held.get(limit.name)?.delete(key);
    }
  }

  /** How many keys have a rate, and how many hold something: for tests and metrics. */
  size(): { rates: number; held: number } {
    return { rates: countKeys(this.#rates), held: countKeys(this.#held) };
  }

  #hasRoom({ name, max }: ConcurrencyLimit, key: string, member: string): boolean {
    const keys = this.#held.get(name);
    const members = keys?.get(key);
    // What is held cannot be forgotten: beyond the cap, new keys are refused.
    if (members === undefined) return max > 0 && (keys?.size ?? 0) < this.#maxKeys;
    return members.size < max || members.has(member);
  }

  #hold({ name }: ConcurrencyLimit, key: string, member: string): void {
    let keys = this.#held.get(name);
    if (keys === undefined) this.#held.set(name, (keys = new Map()));
    let members = keys.get(key);
    if (members === undefined) keys.set(key, (members = new Map()));
    members.set(member, (members.get(member) ?? 0) + 1);
  }

  #account({ name }: RateLimit, key: string, excess: number, now: number): void {
    let keys = this.#rates.get(name);
    if (keys === undefined) this.#rates.set(name, (keys = new Map()));
    let bucket = keys.get(key);
    // A map remembers the order of insertion: the first is the one that was longest unused.
    if (bucket !== undefined) keys.delete(key);
    else {
      bucket = { excess: 0, last: now };
      if (keys.size >= this.#maxKeys) keys.delete(keys.keys().next().value as string);
    }
    keys.set(key, bucket);
    account(bucket, excess, now);
  }
}

/**
 * How many more requests may be accounted at once and in advance: half of those that would not have to wait, so
 * that leases get smaller towards the limit and there is always some left for others.
 */
function leasable({ burst, delay }: RateLimit, excess: number): number {
  const room = Math.min(burst, delay) - excess;
  return room < 2 * REQUEST ? 0 : Math.floor(room / (2 * REQUEST));
}

function refusal(refusedBy: number, retryAfterMs: number): Outcome {
  return { refusedBy, delayMs: 0, retryAfterMs, extra: 0 };
}

function countKeys(maps: ReadonlyMap<string, ReadonlyMap<string, unknown>>): number {
  let count = 0;
  for (const { size } of maps.values()) count += size;
  return count;
}
