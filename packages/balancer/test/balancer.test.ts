import { describe, expect, test } from 'vitest';
import {
  type Balancer,
  type BalancerOptions,
  createBalancer,
  type Peer,
  type PeerOptions,
} from '../src/index.ts';

const ids = (count: number): PeerOptions[] => Array.from({ length: count }, (_, i) => ({ id: `p${i}` }));

/** A balancer whose clock stands still until it is told otherwise. */
function balancer(options: BalancerOptions): Balancer & { wait(ms: number): void } {
  let time = 0;
  const made = createBalancer({ now: () => time, ...options });
  return Object.assign(made, { wait: (ms: number) => void (time += ms) });
}

/** Picks and gives back at once; returns the names. */
function picks(from: Balancer, count: number, key?: (i: number) => string): string[] {
  return Array.from({ length: count }, (_, i) => {
    const peer = from.pick({ key: key?.(i) ?? '' }) as Peer;
    from.release(peer, 'ok');
    return peer.id;
  });
}

function count(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    [...new Set(names)].toSorted().map((name) => [name, names.filter((n) => n === name).length]),
  );
}

describe('round robin', () => {
  test('gives each peer its turn', () => {
    expect(picks(balancer({ peers: ids(3) }), 6).join(' ')).toBe('p0 p1 p2 p0 p1 p2');
  });

  test('spreads a heavy peer over the round: 5, 1, 1 give a a b a c a a', () => {
    const peers = [{ id: 'a', weight: 5 }, { id: 'b' }, { id: 'c' }];
    expect(picks(balancer({ peers }), 14).join(' ')).toBe('a a b a c a a a a b a c a a');
  });

  test('keeps to the weights', () => {
    const peers = [{ id: 'a', weight: 7 }, { id: 'b', weight: 2 }, { id: 'c' }];
    expect(count(picks(balancer({ peers }), 1000))).toEqual({ a: 700, b: 200, c: 100 });
  });

  test('a peer that failed comes back little by little', () => {
    const peers = [
      { id: 'a', weight: 10 },
      { id: 'b', weight: 10 },
    ];
    const from = balancer({ peers, maxFails: 2 });
    const failed = from.pick() as Peer;
    from.release(failed, 'failed');
    const first = picks(from, 6);
    expect(count(first)[failed.id]).toBeLessThan(3);
    picks(from, 20);
    expect(count(picks(from, 20))).toEqual({ a: 10, b: 10 });
  });
});

describe('least connections', () => {
  test('chooses the peer with the fewest requests for its weight', () => {
    const from = balancer({ peers: [{ id: 'a', weight: 2 }, { id: 'b' }], strategy: 'least-connections' });
    const held = Array.from({ length: 6 }, () => from.pick() as Peer);
    expect(count(held.map(({ id }) => id))).toEqual({ a: 4, b: 2 });
    for (const peer of held.filter(({ id }) => id === 'b')) from.release(peer, 'ok');
    expect([from.pick()?.id, from.pick()?.id]).toEqual(['b', 'b']);
  });

  test('takes turns among equals', () => {
    expect(count(picks(balancer({ peers: ids(4), strategy: 'least-connections' }), 100))).toEqual({
      p0: 25,
      p1: 25,
      p2: 25,
      p3: 25,
    });
  });
});

describe('ip hash', () => {
  const address = (i: number): string => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;

  test('gives one address one peer', () => {
    const from = balancer({ peers: ids(10), strategy: 'ip-hash' });
    expect(new Set(picks(from, 50, () => '192.0.2.1')).size).toBe(1);
  });

  test('spreads many addresses evenly, also neighbours', () => {
    const spread = count(picks(balancer({ peers: ids(10), strategy: 'ip-hash' }), 20_000, address));
    for (const share of Object.values(spread)) expect(Math.abs(share - 2000)).toBeLessThan(200);
  });

  test('keeps to the weights', () => {
    const spread = count(
      picks(balancer({ peers: [{ id: 'a', weight: 3 }, { id: 'b' }], strategy: 'ip-hash' }), 20_000, address),
    );
    expect(Math.abs((spread['a'] as number) - 15_000)).toBeLessThan(400);
  });

  test('when a peer leaves, only its own keys move', () => {
    const from = balancer({ peers: ids(10), strategy: 'ip-hash' });
    const before = picks(from, 5000, address);
    from.setPeers(ids(10).slice(1));
    const after = picks(from, 5000, address);
    expect(before.filter((id, i) => id !== 'p0' && id !== after[i])).toEqual([]);
  });

  test('a peer that may not be chosen is passed by, and its keys come back to it', () => {
    const from = balancer({ peers: ids(3), strategy: 'ip-hash' });
    const own = from.pick({ key: 'x' }) as Peer;
    from.release(own, 'ok');
    expect(from.pick({ key: 'x', exclude: new Set([own.id]) })?.id).not.toBe(own.id);
    expect(from.pick({ key: 'x' })?.id).toBe(own.id);
  });
});

describe('failures', () => {
  const fail = (from: Balancer, id: string): void => {
    const others = new Set(
      from
        .peers()
        .map((peer) => peer.id)
        .filter((other) => other !== id),
    );
    from.release(from.pick({ exclude: others }) as Peer, 'failed');
  };

  test('put a peer out for a time; then it gets one request to try', () => {
    const from = balancer({ peers: ids(2), maxFails: 2, failTimeoutMs: 1000 });
    fail(from, 'p0');
    expect(picks(from, 4)).toContain('p0');
    fail(from, 'p0');
    fail(from, 'p0');
    expect(count(picks(from, 10))).toEqual({ p1: 10 });
    from.wait(1001);
    const tried = [from.pick(), from.pick(), from.pick()].map((peer) => peer?.id);
    expect(tried.filter((id) => id === 'p0')).toHaveLength(1);
  });

  test('an answer brings a peer back, another failure does not', () => {
    const from = balancer({ peers: ids(2), failTimeoutMs: 1000 });
    fail(from, 'p0');
    from.wait(1001);
    fail(from, 'p0');
    expect(count(picks(from, 10))).toEqual({ p1: 10 });
    from.wait(1001);
    expect(count(picks(from, 10))['p0']).toBeGreaterThan(3);
  });

  test('a client that left says nothing about the peer', () => {
    const from = balancer({ peers: ids(2) });
    for (let i = 0; i < 10; i++) from.release(from.pick() as Peer, 'aborted');
    expect(count(picks(from, 10))).toEqual({ p0: 5, p1: 5 });
  });

  test('a lone peer is never put out', () => {
    const from = balancer({ peers: ids(1) });
    for (let i = 0; i < 5; i++) from.release(from.pick() as Peer, 'failed');
    expect(from.pick()?.id).toBe('p0');
  });

  test('when all are out, nobody is chosen', () => {
    const from = balancer({ peers: ids(2) });
    fail(from, 'p0');
    fail(from, 'p1');
    expect(from.pick()).toBeUndefined();
  });

  test('maxFails 0 puts nobody out', () => {
    const from = balancer({ peers: ids(2), maxFails: 0 });
    for (let i = 0; i < 10; i++) from.release(from.pick() as Peer, 'failed');
    expect(count(picks(from, 4))).toEqual({ p0: 2, p1: 2 });
  });
});

test('a backup is chosen only when nobody else can be', () => {
  const from = balancer({ peers: [{ id: 'a' }, { id: 'b', backup: true }] });
  expect(count(picks(from, 5))).toEqual({ a: 5 });
  expect(from.pick({ exclude: new Set(['a']) })?.id).toBe('b');
  from.release(from.pick() as Peer, 'failed');
  expect(count(picks(from, 5))).toEqual({ b: 5 });
});

test('a peer takes no more than its most requests', () => {
  const from = balancer({ peers: [{ id: 'a', maxConnections: 2 }] });
  const first = from.pick() as Peer;
  expect([from.pick()?.id, from.pick()]).toEqual(['a', undefined]);
  from.release(first, 'ok');
  expect(from.pick()?.id).toBe('a');
});

test('another list keeps what is known of peers that stay', () => {
  const from = balancer({ peers: ids(2), strategy: 'least-connections' });
  const held = from.pick() as Peer;
  from.setPeers([{ id: held.id, weight: 2 }, { id: 'new' }]);
  expect(from.peers().find(({ id }) => id === held.id)).toMatchObject({ active: 1, weight: 2 });
  expect(from.pick()?.id).toBe('new');
});

test('no peers: nobody is chosen', () => {
  expect(balancer({ peers: [] }).pick()).toBeUndefined();
});

test.each([
  [[{ id: 'a' }, { id: 'a' }], 'two peers have the same id'],
  [[{ id: 'a', weight: 0 }], 'the weight of a must be above 0'],
  [[{ id: 'a', weight: Number.NaN }], 'the weight of a must be above 0'],
  [[{ id: 'a', maxConnections: 0 }], 'maxConnections of a must be 1 or more'],
])('%j is refused', (peers, message) => {
  expect(() => createBalancer({ peers })).toThrow(message);
});
