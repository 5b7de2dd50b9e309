import fc from 'fast-check';
import { expect, test } from 'vitest';
import { account, type Bucket, delayOf, nextExcess, retryAfter } from '../src/leaky-bucket.ts';

/**
 * The reference: a queue of requests that is emptied at the rate. It knows nothing of excess and times of the last
 * request; it holds whole requests in exact numbers (thousandths of a request times milliseconds).
 */
class Queue {
  readonly #rate: bigint;
  /** Millionths of requests that are in the bucket, besides the one that is being served. */
  #level: bigint | undefined;
  #at = 0;

  constructor(rate: number) {
    this.#rate = BigInt(rate);
  }

  /** The level with one request more, in millionths; it is only kept when the request is let in. */
  level(now: number): bigint {
    if (this.#level === undefined) return 0n;
    const level = this.#level - this.#rate * BigInt(now - this.#at) + 1_000_000n;
    return level < 0n ? 0n : level;
  }

  letIn(now: number): void {
    this.#level = this.level(now);
    this.#at = now;
  }
}

const arrivals = fc.array(fc.nat({ max: 3000 }), { minLength: 1, maxLength: 200 });

test('agrees with the model of a queue that is emptied at the rate, where times divide evenly', () => {
  // Rates of whole requests a second: no thousandth of a millisecond is rounded away.
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.nat({ max: 30 }), arrivals, (perSecond, burst, gaps) => {
      const queue = new Queue(perSecond * 1000);
      let bucket: Bucket | undefined;
      let now = 0;
      for (const gap of gaps) {
        now += gap;
        const excess = nextExcess(bucket, perSecond * 1000, now);
        expect(BigInt(excess) * 1000n).toBe(queue.level(now));
        if (excess > burst * 1000) continue;
        bucket ??= { excess: 0, last: now };
        account(bucket, excess, now);
        queue.letIn(now);
      }
    }),
  );
});

test('in no window are more let in than the burst, the rate, and the one that begins it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50_000 }), fc.nat({ max: 20 }), arrivals, (rate, burst, gaps) => {
      const admitted: number[] = [];
      let bucket: Bucket | undefined;
      let now = 0;
      for (const gap of gaps) {
        now += gap;
        const excess = nextExcess(bucket, rate, now);
        if (excess > burst * 1000) continue;
        account((bucket ??= { excess: 0, last: now }), excess, now);
        admitted.push(now);
      }
      for (let from = 0; from < admitted.length; from++) {
        for (let to = from; to < admitted.length; to++) {
          const window = (admitted[to] as number) - (admitted[from] as number);
          // Each request may have had a thousandth rounded in its favour, as in nginx.
          const most = burst + 1 + (rate * window) / 1_000_000 + (to - from) / 1000;
          expect(to - from + 1).toBeLessThanOrEqual(most + 1e-9);
        }
      }
    }),
    { numRuns: 50 },
  );
});

test('a request that was refused passes when it comes again after the time that it was told', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), fc.nat({ max: 10 }), (rate, burst) => {
      const bucket = { excess: burst * 1000, last: 0 };
      const excess = nextExcess(bucket, rate, 0);
      const ms = retryAfter(excess, burst * 1000, rate);
      expect(nextExcess(bucket, rate, ms)).toBeLessThanOrEqual(burst * 1000);
      if (ms > 1) expect(nextExcess(bucket, rate, ms - 2)).toBeGreaterThan(burst * 1000);
    }),
  );
});

test('the examples of nginx: rate=1r/s burst=5, and delay=3', () => {
  const bucket = { excess: 0, last: 0 };
  const delays: number[] = [];
  for (let i = 0; i < 5; i++) {
    const excess = nextExcess(bucket, 1000, 0);
    account(bucket, excess, 0);
    delays.push(delayOf(excess, 3000, 1000));
  }
  expect(delays).toEqual([0, 0, 0, 1000, 2000]);
  expect(nextExcess(bucket, 1000, 0)).toBe(6000);
});

test('a clock that is set back takes nothing away, and one far back is the new time', () => {
  const bucket = { excess: 1000, last: 100_000 };
  expect(nextExcess(bucket, 1000, 99_000)).toBe(2000);
  account(bucket, 2000, 99_000);
  expect(bucket.last).toBe(100_000);
  account(bucket, nextExcess(bucket, 1000, 10_000), 10_000);
  expect(bucket).toEqual({ excess: 2999, last: 10_000 });
});
