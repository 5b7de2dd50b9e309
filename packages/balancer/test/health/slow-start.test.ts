import { expect, test } from 'vitest';
import { balancer, count, fail, ids, picks } from '../support.ts';

const share = (from: ReturnType<typeof balancer>): number => (count(picks(from, 1100))['p1'] ?? 0) / 1100;

test.each(['round-robin', 'least-connections', 'random'] as const)(
  'a peer that comes up again grows into its weight: %s',
  (strategy) => {
    const from = balancer({ peers: ids(2), strategy, slowStartMs: 10_000 });
    from.setHealth('p1', 'down');
    from.setHealth('p1', 'up');
    expect(Math.abs(share(from) - 0.1 / 1.1)).toBeLessThan(0.03);
    from.wait(5000);
    expect(Math.abs(share(from) - 0.5 / 1.5)).toBeLessThan(0.04);
    from.wait(5000);
    expect(Math.abs(share(from) - 0.5)).toBeLessThan(0.04);
    expect(from.changesAt()).toBe(Infinity);
  },
);

test('so does one that is new, or back from failures', () => {
  const from = balancer({ peers: [{ id: 'p0' }], slowStartMs: 10_000, failTimeoutMs: 1000 });
  from.setPeers(ids(2));
  expect(share(from)).toBeLessThan(0.12);
  from.wait(10_000);
  expect(share(from)).toBe(0.5);
  fail(from, 'p1');
  from.wait(1000);
  picks(from, 2);
  expect(share(from)).toBeLessThan(0.12);
  from.wait(10_000);
  picks(from, 20);
  expect(share(from)).toBe(0.5);
});

test('those of the first list begin with all of it', () => {
  expect(share(balancer({ peers: ids(2), slowStartMs: 10_000 }))).toBe(0.5);
});
