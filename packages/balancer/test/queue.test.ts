import { describe, expect, test } from 'vitest';
import { createBalancer, NoPeerError, type Peer, type PeerOptions } from '../src/index.ts';
import { createPeerQueue, type PeerQueue, type PeerQueueOptions } from '../src/queue.ts';
import { Clock } from './clock.ts';

const ONE = [{ id: 'a', maxConnections: 1 }];

function setup(
  options: PeerQueueOptions = {},
  peers: readonly PeerOptions[] = ONE,
): { clock: Clock; queue: PeerQueue; balancer: ReturnType<typeof createBalancer> } {
  const clock = new Clock();
  const now = (): number => clock.now;
  const balancer = createBalancer({ peers, now, failTimeoutMs: 1000 });
  const queue = createPeerQueue(balancer, { now, setTimer: clock.setTimer, ...options });
  return { clock, queue, balancer };
}

test('a free peer is given at once, without a promise', () => {
  const { queue, clock } = setup();
  expect(queue.acquire()).toMatchObject({ id: 'a' });
  expect(clock.timers).toBe(0);
});

test('who comes first is served first, when a peer is free', async () => {
  const { queue } = setup();
  const held = queue.acquire() as Peer;
  const served: number[] = [];
  const waiting = [1, 2, 3].map(async (who) => {
    const peer = await queue.acquire();
    served.push(who);
    queue.release(peer, 'ok');
  });
  expect(queue.waiting).toBe(3);
  queue.release(held, 'ok');
  await Promise.all(waiting);
  expect(served).toEqual([1, 2, 3]);
  expect(queue.waiting).toBe(0);
});

test('nobody overtakes those who wait', async () => {
  const { queue, balancer } = setup({}, [
    { id: 'a', maxConnections: 1 },
    { id: 'b', maxConnections: 1 },
  ]);
  const held = [queue.acquire(), queue.acquire()] as Peer[];
  const first = queue.acquire({ exclude: new Set(['b']) });
  const second = queue.acquire();
  queue.release(held.find(({ id }) => id === 'b') as Peer, 'ok');
  expect(await second).toMatchObject({ id: 'b' });
  expect(queue.waiting).toBe(1);
  balancer.setPeers([{ id: 'a', maxConnections: 2 }]);
  expect(await first).toMatchObject({ id: 'a' });
});

test('one who waits for a peer it has not tried holds nobody else up', async () => {
  const { queue } = setup({}, [{ id: 'a', maxConnections: 1 }, { id: 'b' }]);
  queue.acquire({ prefer: 'a' });
  const first = queue.acquire({ exclude: new Set(['b']) });
  expect(queue.acquire()).toMatchObject({ id: 'b' });
  expect(queue.waiting).toBe(1);
  queue.close();
  await expect(first).rejects.toThrow(NoPeerError);
});

test('what has come free by time alone goes to those who wait, not to one who comes then', async () => {
  const { queue, clock } = setup({}, [{ id: 'a' }, { id: 'b' }]);
  for (const peer of [queue.acquire(), queue.acquire()] as Peer[]) queue.release(peer, 'failed');
  const waiting = [queue.acquire(), queue.acquire()];
  clock.now += 1001;
  const late = queue.acquire();
  expect(late).toBeInstanceOf(Promise);
  expect(new Set((await Promise.all(waiting)).map(({ id }) => id))).toEqual(new Set(['a', 'b']));
  queue.close();
  await expect(late).rejects.toThrow(NoPeerError);
});

test('a queue that is full refuses', () => {
  const { queue } = setup({ maxWaiting: 1 });
  queue.acquire();
  void queue.acquire();
  expect(() => queue.acquire()).toThrow(expect.objectContaining({ code: 'QUEUE_FULL' }));
});

test('who has waited long enough is refused, and nobody else', async () => {
  const { queue, clock } = setup({ timeoutMs: 500 });
  const held = queue.acquire() as Peer;
  const first = Promise.resolve(queue.acquire()).catch((error: unknown) => error);
  await clock.pass(300);
  const second = queue.acquire();
  await clock.pass(200);
  expect(await first).toMatchObject({ code: 'QUEUE_TIMEOUT', message: 'no peer was free within 500 ms' });
  expect(queue.waiting).toBe(1);
  queue.release(held, 'ok');
  expect(await second).toMatchObject({ id: 'a' });
  expect(clock.timers).toBe(0);
});

describe('who waits is served', () => {
  test('when a peer is back after its failures', async () => {
    const { queue, clock } = setup({}, [{ id: 'a' }, { id: 'b' }]);
    for (const peer of [queue.acquire(), queue.acquire()] as Peer[]) queue.release(peer, 'failed');
    const later = queue.acquire();
    await clock.pass(999);
    expect(queue.waiting).toBe(1);
    await clock.pass(2);
    expect(await later).toBeDefined();
  });

  test('when a peer is added, comes up or drains no more', async () => {
    const { queue, balancer } = setup({}, [{ id: 'a' }]);
    balancer.drain('a');
    const first = queue.acquire();
    balancer.drain('a', false);
    expect(await first).toMatchObject({ id: 'a' });
    balancer.setPeers([]);
    const second = queue.acquire();
    balancer.setPeers([{ id: 'b' }]);
    expect(await second).toMatchObject({ id: 'b' });
  });
});

test('who gives up leaves the queue at once', async () => {
  const { queue, clock } = setup();
  queue.acquire();
  const leaving = new AbortController();
  const waiting = queue.acquire(undefined, leaving.signal);
  leaving.abort();
  await expect(waiting).rejects.toThrow(expect.objectContaining({ code: 'ABORTED' }));
  expect([queue.waiting, clock.timers]).toEqual([0, 0]);
  expect(() => queue.acquire(undefined, leaving.signal)).toThrow(NoPeerError);
});

test('closing refuses all who wait and all who come', async () => {
  const { queue, clock } = setup();
  queue.acquire();
  const waiting = [queue.acquire(), queue.acquire()];
  queue.close();
  for (const one of waiting) await expect(one).rejects.toThrow(expect.objectContaining({ code: 'CLOSED' }));
  expect(() => queue.acquire()).toThrow(NoPeerError);
  expect(clock.timers).toBe(0);
});
