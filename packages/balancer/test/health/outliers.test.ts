import { describe, expect, test } from 'vitest';
import type { Balancer, OutlierOptions } from '../../src/index.ts';
import { balancer, count, fail, ids, pickOnly, picks } from '../support.ts';

/** No passive health beside it. */
const watching = (peers: number, outliers: OutlierOptions): Balancer & { wait(ms: number): void } =>
  balancer({ peers: ids(peers), maxFails: 0, outliers });
const ejected = (from: Balancer): string[] =>
  from.peers().flatMap(({ id, ejectedUntil }) => (ejectedUntil > Number.NEGATIVE_INFINITY ? [id] : []));
const failOften = (from: Balancer, id: string, times = 5): void => {
  for (let i = 0; i < times; i++) fail(from, id);
};

describe('failures in a row', () => {
  test('eject a peer, for a time that grows with each ejection', () => {
    const from = watching(10, { ejectionMs: 1000 });
    failOften(from, 'p0', 4);
    expect(ejected(from)).toEqual([]);
    fail(from, 'p0');
    expect(ejected(from)).toEqual(['p0']);
    expect(picks(from, 100)).not.toContain('p0');
    from.wait(1000);
    expect(picks(from, 100)).toContain('p0');
    failOften(from, 'p0');
    from.wait(1999);
    expect(picks(from, 100)).not.toContain('p0');
    from.wait(1);
    expect(picks(from, 100)).toContain('p0');
  });

  test('eject nobody when an answer came between', () => {
    const from = watching(10, {});
    failOften(from, 'p0', 4);
    from.release(pickOnly(from, 'p0'), 'ok');
    failOften(from, 'p0', 4);
    expect(ejected(from)).toEqual([]);
  });

  test('eject for no longer than the longest time', () => {
    const from = watching(10, { ejectionMs: 1000, maxEjectionMs: 1500 });
    for (let round = 0; round < 5; round++) {
      failOften(from, 'p0');
      from.wait(1500);
    }
    expect(ejected(from)).toEqual([]);
  });
});

describe('the cap', () => {
  test('keeps nine of ten, and one more of nineteen', () => {
    for (const [peers, most] of [
      [10, 1],
      [19, 1],
      [20, 2],
    ] as const) {
      const from = watching(peers, {});
      for (let i = 0; i < 6; i++) failOften(from, `p${i}`);
      expect(ejected(from)).toHaveLength(most);
    }
  });

  test('never ejects a lone peer', () => {
    const from = watching(1, { maxEjectedShare: 1 });
    failOften(from, 'p0');
    expect(ejected(from)).toEqual([]);
  });
});

describe('rates of success', () => {
  /** An interval of traffic in which each peer fails so often of a hundred. */
  function interval(from: Balancer & { wait(ms: number): void }, failures: readonly number[]): void {
    for (const [i, failed] of failures.entries()) {
      for (let n = 0; n < 100; n++) {
        from.release(pickOnly(from, `p${i}`), n % 100 < failed ? 'failed' : 'ok');
      }
    }
    from.wait(10_000);
    from.release(pickOnly(from, 'p0'), 'ok');
  }
  const byRate = { consecutiveFailures: 0 };

  test('eject the one that stands out', () => {
    const from = watching(6, byRate);
    interval(from, [0, 1, 0, 30, 1, 0]);
    expect(ejected(from)).toEqual(['p3']);
  });

  test('eject nobody when all do equally badly, or too few were asked', () => {
    const from = watching(6, byRate);
    interval(from, [30, 30, 30, 30, 30, 30]);
    expect(ejected(from)).toEqual([]);
    const few = watching(4, { ...byRate, deviations: 1 });
    interval(few, [0, 0, 0, 90]);
    expect(ejected(few)).toEqual([]);
  });
});

test('a peer whose ejection is over starts slowly', () => {
  const from = balancer({ peers: ids(2), maxFails: 0, slowStartMs: 10_000, outliers: { ejectionMs: 1000 } });
  failOften(from, 'p0');
  from.wait(1000);
  expect(count(picks(from, 110))['p0']).toBeLessThan(15);
});

describe('panic', () => {
  test('does not count those that drain', () => {
    const from = balancer({ peers: ids(4) });
    from.drain('p0');
    from.drain('p1');
    from.setHealth('p2', 'down');
    expect(count(picks(from, 10))).toEqual({ p3: 10 });
  });

  test('when fewer than half are up, all are chosen from', () => {
    const from = balancer({ peers: ids(4) });
    from.setHealth('p0', 'down');
    from.setHealth('p1', 'down');
    expect(Object.keys(count(picks(from, 40)))).toEqual(['p2', 'p3']);
    from.setHealth('p2', 'down');
    expect(count(picks(from, 40))).toEqual({ p0: 10, p1: 10, p2: 10, p3: 10 });
    from.setHealth('p0', 'up');
    expect(Object.keys(count(picks(from, 40)))).toEqual(['p0', 'p3']);
  });

  test('a threshold of 0 never panics', () => {
    const from = balancer({ peers: ids(2), panicThreshold: 0 });
    from.setHealth('p0', 'down');
    from.setHealth('p1', 'down');
    expect([from.pick(), from.refusal()]).toEqual([undefined, 'all-out']);
  });

  test('ends when ejections end', () => {
    const from = balancer({
      peers: ids(4),
      maxFails: 0,
      outliers: { maxEjectedShare: 1, consecutiveFailures: 1, ejectionMs: 1000 },
    });
    for (const id of ['p0', 'p1', 'p2']) fail(from, id);
    expect(Object.keys(count(picks(from, 40)))).toHaveLength(4);
    from.setHealth('p3', 'down');
    from.wait(1000);
    expect(Object.keys(count(picks(from, 40)))).toEqual(['p0', 'p1', 'p2']);
  });
});
