import { randomUUID } from 'node:crypto';
import { LimitsOptionError, StoreError } from './errors.ts';
import { once } from './memory-store.ts';
import { ACQUIRE, REFRESH, RELEASE } from './redis-scripts.ts';
import { type Claim, type Decision, GRANTED, type Limit, type LimitStore } from './store.ts';

/** What is needed of a Redis client; that of `@redis/client` (node-redis) fits. It stays its owner's to close. */
export interface RedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** Options of {@link redisStore}. */
export interface RedisStoreOptions {
  client: RedisClient;
  /** Of the keys; in a cluster with a hash tag, `{limits}:`, since one script has several keys. @default 'highball:limits:' */
  prefix?: string;
  /**
   * What a process that has died held is given up after so long; a living one says again and again that it goes on.
   * @default 30_000
   */
  holdMs?: number;
}

/** One member that is held. */
interface Hold {
  readonly key: string;
  readonly member: string;
  /** Requests of this process by which. */
  users: number;
}

/** Of `holdMs`: one call may be lost. */
const REFRESH_SHARE = 1 / 3;
/** Members in one refreshing call. */
const REFRESH_BATCH = 1000;

/**
 * Keeps the counts in Redis, for several machines: by its clock, in one step a request. Needs Redis 5 or later.
 * @throws LimitsOptionError
 */
export function redisStore({
  client,
  prefix = 'highball:limits:',
  holdMs = 30_000,
}: RedisStoreOptions): LimitStore {
  if (!(holdMs >= 100)) throw new LimitsOptionError(`holdMs must be at least 100, not ${holdMs}`);
  const holds = new Holds(client, holdMs);
  const own = randomUUID();
  const keyOf = ({ limit, key }: Claim): string => `${prefix}${limit.name}:${key}`;
  let serial = 0;
  return {
    async acquire(claims) {
      const member = `${own}/${serial++}`;
      const memberOf = (claim: Claim): string =>
        claim.member === undefined ? member : `${own}/${claim.member}`;
      const answer = await client.eval(ACQUIRE, {
        keys: claims.map(keyOf),
        arguments: [
          member,
          String(holdMs),
          ...claims.flatMap((claim) => [
            ...numbersOf(claim.limit),
            claim.member === undefined ? '' : memberOf(claim),
          ]),
        ],
      });
      const [refusedBy, delayMs, retryAfterMs] = readAnswer(answer);
      if (refusedBy >= 0) return { refusedBy, delayMs, retryAfterMs };
      const held = claims.filter(({ limit }) => limit.kind === 'concurrency');
      if (held.length === 0) return delayMs === 0 ? GRANTED : { refusedBy, delayMs, retryAfterMs };
      const taken = held.map((claim) => holds.add(keyOf(claim), memberOf(claim)));
      const decision: Decision = {
        refusedBy,
        delayMs,
        retryAfterMs,
        release: once(() => holds.remove(taken)),
      };
      return decision;
    },
    close: () => holds.close(),
  };
}

function numbersOf(limit: Limit): string[] {
  return limit.kind === 'rate'
    ? ['rate', String(limit.rate), String(limit.burst), String(limit.delay)]
    : ['concurrency', String(limit.max), '0', '0'];
}

/** @throws StoreError */
function readAnswer(answer: unknown): readonly [number, number, number] {
  const numbers = Array.isArray(answer) ? answer.map(Number) : [];
  const [refusedBy, delayMs, retryAfterMs] = numbers;
  if (
    refusedBy === undefined ||
    delayMs === undefined ||
    retryAfterMs === undefined ||
    numbers.some(Number.isNaN)
  ) {
    throw new StoreError('STORE_FAILED', 'Redis answered something else than three numbers');
  }
  return [refusedBy, delayMs, retryAfterMs];
}

/** What this process holds. Nobody waits for what it says of that: it expires if it is not heard. */
class Holds {
  readonly #client: RedisClient;
  readonly #holdMs: number;
  readonly #held = new Map<string, Hold>();
  #timer: NodeJS.Timeout | undefined;

  constructor(client: RedisClient, holdMs: number) {
    this.#client = client;
    this.#holdMs = holdMs;
  }

  add(key: string, member: string): Hold {
    const name = `${key}\n${member}`;
    let hold = this.#held.get(name);
    if (hold === undefined) this.#held.set(name, (hold = { key, member, users: 0 }));
    hold.users++;
    this.#timer ??= setInterval(() => this.#refresh(), this.#holdMs * REFRESH_SHARE).unref();
    return hold;
  }

  remove(taken: readonly Hold[]): void {
    const over = taken.filter((hold) => --hold.users === 0);
    for (const { key, member } of over) this.#held.delete(`${key}\n${member}`);
    if (over.length > 0) this.#tell(RELEASE, over, []);
    if (this.#held.size === 0) this.close();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #refresh(): void {
    const all = [...this.#held.values()];
    for (let i = 0; i < all.length; i += REFRESH_BATCH) {
      this.#tell(REFRESH, all.slice(i, i + REFRESH_BATCH), [String(this.#holdMs)]);
    }
  }

  #tell(script: string, holds: readonly Hold[], before: readonly string[]): void {
    const options = {
      keys: holds.map(({ key }) => key),
      arguments: [...before, ...holds.map(({ member }) => member)],
    };
    this.#client.eval(script, options).catch(() => undefined);
  }
}
