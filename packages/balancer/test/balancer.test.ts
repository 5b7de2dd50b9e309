import { describe, expect, test } from 'vitest';
import { createBalancer, type Peer, type PeerOptions } from '../src/index.ts';
import { balancer, count, fail, ids, pickOnly, picks } from './support.ts';

describe('failures', () => {
  test('put a peer out for a time; then it gets one request to try', () => {
    const from = balancer({ peers: ids(2), maxFails: 2, failTimeoutMs: 1000 });
    fail(from, 'p0');
    expect(picks(from, 4)).toContain('p0');
    fail(from, 'p0');
    expect(count(picks(from, 10))).toEqual({ p1: 10 });
    from.wait(1000);
    const tried = Array.from({ length: 20 }, () => from.pick()?.id);
    expect(tried.filter((id) => id === 'p0')).toHaveLength(1);
  });

  test('are counted within the time only', () => {
    const from = balancer({ peers: ids(2), maxFails: 2, failTimeoutMs: 1000 });
    fail(from, 'p0');
    from.wait(1001);
    fail(from, 'p0');
    expect(picks(from, 4)).toContain('p0');
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
    expect(from.refusal()).toBe('all-out');
  });

  test('maxFails 0 puts nobody out', () => {
    const from = balancer({ peers: ids(2), maxFails: 0 });
    for (let i = 0; i < 10; i++) from.release(from.pick() as Peer, 'failed');
    expect(count(picks(from, 4))).toEqual({ p0: 2, p1: 2 });
  });
});

test('a check that finds a peer up forgives its failures', () => {
  const from = balancer({ peers: ids(2), failTimeoutMs: 60_000 });
  fail(from, 'p0');
  from.setHealth('p0', 'down');
  from.setHealth('p0', 'up');
  expect(picks(from, 10)).toContain('p0');
});

describe('backups', () => {
  const peers = [{ id: 'a' }, { id: 'b', backup: true }];

  test('are chosen only when nobody else can be', () => {
    const from = balancer({ peers });
    expect(count(picks(from, 5))).toEqual({ a: 5 });
    expect(from.pick({ exclude: new Set(['a']) })?.id).toBe('b');
    from.release(from.pick() as Peer, 'failed');
    expect(count(picks(from, 5))).toEqual({ b: 5 });
  });

  test('stand in for peers that checks have found down, rather than panic', () => {
    const from = balancer({ peers });
    from.setHealth('a', 'down');
    expect(count(picks(from, 5))).toEqual({ b: 5 });
  });
});

describe('the most requests of a peer', () => {
  test('are kept to', () => {
    const from = balancer({ peers: [{ id: 'a', maxConnections: 2 }] });
    const first = from.pick() as Peer;
    expect([from.pick()?.id, from.pick()]).toEqual(['a', undefined]);
    expect(from.refusal()).toBe('all-full');
    from.release(first, 'ok');
    expect(from.pick()?.id).toBe('a');
    expect(from.peers()[0]).toMatchObject({ active: 2, usable: false });
  });

  test('are kept to by the session of a peer, too', () => {
    const from = balancer({ peers: [{ id: 'a', maxConnections: 1 }, { id: 'b' }] });
    expect([from.pick({ prefer: 'a' })?.id, from.pick({ prefer: 'a' })?.id]).toEqual(['a', 'b']);
  });
});

describe('another list', () => {
  test('keeps what is known of peers that stay', () => {
    const from = balancer({ peers: ids(2), strategy: 'least-connections' });
    const held = from.pick() as Peer;
    from.setPeers([{ id: held.id, weight: 2 }, { id: 'new' }]);
    expect(from.peers().find(({ id }) => id === held.id)).toMatchObject({ active: 1, weight: 2 });
    expect(from.pick()?.id).toBe('new');
  });

  test('a peer that was away counts the requests on that it still had', () => {
    const from = balancer({ peers: [{ id: 'a', maxConnections: 1 }, { id: 'b' }] });
    const held = pickOnly(from, 'a');
    from.setPeers([{ id: 'b' }]);
    from.setPeers([{ id: 'a', maxConnections: 1 }, { id: 'b' }]);
    expect(count(picks(from, 4))).toEqual({ b: 4 });
    from.release(held, 'ok');
    expect(count(picks(from, 4))).toEqual({ a: 2, b: 2 });
  });

  test('the end of a request to a peer that is gone changes nothing for one that took its place', () => {
    const from = balancer({ peers: [{ id: 'a' }] });
    const held = from.pick() as Peer;
    from.setPeers([{ id: 'b' }]);
    from.release(held, 'failed');
    expect(from.peers()).toMatchObject([{ id: 'b', active: 0, fails: 0 }]);
    from.setPeers([{ id: 'a' }]);
    expect(from.peers()).toMatchObject([{ id: 'a', active: 0, fails: 0 }]);
  });

  test('that makes no sense changes nothing', () => {
    const from = balancer({ peers: ids(2) });
    expect(() => from.setPeers([{ id: 'x' }, { id: 'x' }])).toThrow('two peers have the same id');
    expect(count(picks(from, 4))).toEqual({ p0: 2, p1: 2 });
  });

  test('makes a backup of a peer, and a peer of a backup', () => {
    const from = balancer({ peers: [{ id: 'a' }, { id: 'b', backup: true }] });
    from.setPeers([{ id: 'a', backup: true }, { id: 'b' }]);
    expect(count(picks(from, 3))).toEqual({ b: 3 });
  });

  test.each(['round-robin', 'least-connections', 'random', 'rendezvous'] as const)(
    'comes a thousand times and leaves nothing behind: %s',
    (strategy) => {
      const from = balancer({ peers: ids(3), strategy });
      for (let round = 0; round < 1000; round++) {
        from.setPeers([{ id: `a${round}` }, { id: `b${round}` }, { id: 'stays' }]);
        from.release(from.pick({ key: `${round}` }) as Peer, 'ok');
      }
      expect(Object.keys(count(picks(from, 100, String)))).toEqual(['a999', 'b999', 'stays']);
    },
  );
});

describe('drain', () => {
  test('leaves a peer its own sessions and gives it no others', () => {
    const from = balancer({ peers: ids(2) });
    from.drain('p0');
    expect(count(picks(from, 4))).toEqual({ p1: 4 });
    expect(from.pick({ prefer: 'p0' })?.id).toBe('p0');
    from.drain('p1');
    expect([from.pick(), from.refusal()]).toEqual([undefined, 'all-draining']);
    from.drain('p0', false);
    expect(from.pick()?.id).toBe('p0');
  });
});

describe('a preferred peer', () => {
  test('is chosen, whatever the strategy says', () => {
    const from = balancer({ peers: ids(10) });
    const names = Array.from({ length: 5 }, () => from.pick({ prefer: 'p7' })?.id);
    expect(names).toEqual(['p7', 'p7', 'p7', 'p7', 'p7']);
  });

  test.each([
    ['is gone', 'nobody'],
    ['was tried', 'p1'],
    ['is down', 'p2'],
    ['has failed', 'p3'],
  ])('that %s is replaced', (_, prefer) => {
    const from = balancer({ peers: ids(5) });
    from.setHealth('p2', 'down');
    fail(from, 'p3');
    const chosen = from.pick({ prefer, exclude: new Set(['p1']) });
    expect(['p0', 'p4']).toContain(chosen?.id);
  });
});

test('tells when it changes by itself, and calls back when a peer may be free', () => {
  const from = balancer({ peers: [{ id: 'a', maxConnections: 1 }, { id: 'b' }], failTimeoutMs: 700 });
  expect(from.changesAt()).toBe(Infinity);
  let calls = 0;
  const end = from.watch(() => calls++);
  fail(from, 'b');
  expect([from.changesAt(), calls]).toEqual([700, 1]);
  end();
  from.release(pickOnly(from, 'a'), 'ok');
  expect(calls).toBe(1);
});

test('no peers: nobody is chosen', () => {
  const from = balancer({ peers: [] });
  expect([from.pick(), from.refusal()]).toEqual([undefined, 'no-peers']);
});

test.each<[PeerOptions[], string, string]>([
  [[{ id: 'a' }, { id: 'a' }], 'DUPLICATE_PEER', 'two peers have the same id'],
  [[{ id: '' }], 'INVALID_PEER', 'a peer must have an id'],
  [[{ id: 'a', weight: 0 }], 'INVALID_PEER', 'the weight of a must be above 0'],
  [[{ id: 'a', weight: Number.NaN }], 'INVALID_PEER', 'the weight of a must be above 0'],
  [[{ id: 'a', weight: 65_536 }], 'INVALID_PEER', 'at most 65535'],
  [[{ id: 'a', maxConnections: 0 }], 'INVALID_PEER', 'maxConnections of a must be 1 or more'],
])('%j is refused', (peers, code, message) => {
  expect(() => createBalancer({ peers })).toThrow(expect.objectContaining({ code }));
  expect(() => createBalancer({ peers })).toThrow(message);
});

test.each([
  [{ strategy: 'dice' as 'random' }, "there is no strategy 'dice'; there are round-robin,"],
  [{ maxFails: -1 }, 'maxFails must be 0 or more, not -1'],
  [{ failTimeoutMs: Number.NaN }, 'failTimeoutMs must be 0 or more, not NaN'],
  [{ panicThreshold: 2 }, 'panicThreshold must be between 0 and 1, not 2'],
])('%j is refused', (options, message) => {
  expect(() => createBalancer({ peers: ids(1), ...options })).toThrow(message);
});

test('what nobody knows is refused', () => {
  const from = balancer({ peers: ids(1) });
  expect(() => from.setHealth('x', 'up')).toThrow("there is no peer 'x'");
  expect(() => from.release({ ...(from.pick() as Peer) }, 'ok')).toThrow('only a peer that pick() gave');
});
