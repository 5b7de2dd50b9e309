import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { type Claim, createKeeper, keeperStore, type LimitStore, memoryStore } from '../src/index.ts';
import { turn } from './support.ts';

const rate = (burst: number, fields: object = {}): Claim => ({
  limit: { kind: 'rate', name: 'rate', rate: 1000, burst: burst * 1000, delay: burst * 1000, ...fields },
  key: 'a',
});
const held = (max: number): Claim => ({ limit: { kind: 'concurrency', name: 'held', max }, key: 'a' });

/** A keeper whose clock stands still, and some workers. */
async function setUp(workers: number, leaseRequests = 0) {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'keeper');
  const time = { ms: 1000 };
  const keeper = createKeeper({ now: () => time.ms });
  await keeper.listen({ path });
  const stores = Array.from({ length: workers }, () =>
    keeperStore({ path, leaseRequests, now: () => time.ms }),
  );
  return {
    path,
    time,
    keeper,
    stores: stores as [LimitStore, ...LimitStore[]],
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store.close();
      await keeper.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function grantedOf(
  asked: readonly (Promise<{ refusedBy: number }> | { refusedBy: number })[],
): Promise<number> {
  return (await Promise.all(asked)).filter(({ refusedBy }) => refusedBy === -1).length;
}

test('several workers have one limit, to the request', async () => {
  await using all = await setUp(4);
  const asked = Array.from({ length: 200 }, (_, i) => (all.stores[i % 4] as LimitStore).acquire([rate(10)]));
  expect(await grantedOf(asked)).toBe(11);
  all.time.ms += 3000;
  expect(await grantedOf(all.stores.map((store) => store.acquire([rate(10)])))).toBe(3);
});

test('the decisions are those of a store in memory', async () => {
  await using all = await setUp(2);
  const memory = memoryStore({ now: () => all.time.ms });
  const claims = [
    rate(5, { delay: 2000 }),
    { ...rate(3), limit: { ...rate(3).limit, name: 'other' } as never },
  ];
  for (let i = 0; i < 60; i++) {
    all.time.ms += (i * 7919) % 900;
    const [ours, theirs] = [await all.stores[i % 2]?.acquire(claims), await memory.acquire(claims)];
    expect(ours).toEqual({
      refusedBy: theirs.refusedBy,
      delayMs: theirs.delayMs,
      retryAfterMs: theirs.retryAfterMs,
    });
  }
});

test('what is under way is counted over all workers, and given back', async () => {
  await using all = await setUp(2);
  const [one, two] = all.stores as unknown as [LimitStore, LimitStore];
  const first = await one.acquire([held(2)]);
  await two.acquire([held(2)]);
  expect(await two.acquire([held(2)])).toMatchObject({ refusedBy: 0, retryAfterMs: 1000 });
  first.release?.();
  // The two workers are not heard in the order in which they speak.
  await expect.poll(async () => (await two.acquire([held(2)])).refusedBy).toBe(-1);
});

test('what a worker held is given back when it dies', async () => {
  await using all = await setUp(2);
  const [one, two] = all.stores as unknown as [LimitStore, LimitStore];
  for (let i = 0; i < 3; i++) await one.acquire([held(3)]);
  expect((await two.acquire([held(3)])).refusedBy).toBe(0);
  await one.close();
  await expect.poll(() => all.keeper.size().held).toBe(0);
  expect((await two.acquire([held(3)])).refusedBy).toBe(-1);
});

test('members of different workers are different', async () => {
  await using all = await setUp(2);
  const claim = { ...held(1), member: '192.0.2.1|80' };
  expect((await all.stores[0].acquire([claim])).refusedBy).toBe(-1);
  expect((await all.stores[0].acquire([claim])).refusedBy).toBe(-1);
  expect((await all.stores[1]?.acquire([claim]))?.refusedBy).toBe(0);
});

test('a keeper that is away is told at once, and found again when it is back', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'keeper');
  const store = keeperStore({ path });
  await expect(store.acquire([rate(1)])).rejects.toMatchObject({ code: 'STORE_AWAY' });
  const keeper = createKeeper();
  await keeper.listen({ path });
  expect(await store.acquire([rate(1)])).toMatchObject({ refusedBy: -1 });
  await keeper.close();
  await turn();
  await expect(Promise.resolve(store.acquire([held(1)]))).rejects.toMatchObject({ code: 'STORE_AWAY' });
  await store.close();
  await expect(Promise.resolve(store.acquire([rate(1)]))).rejects.toMatchObject({ code: 'STORE_CLOSED' });
});

test.each([
  ['no JSON', 'GET / HTTP/1.1\r\n\r\n\n'],
  ['a claim of a limit that was never told', '[[1,1,0,7,"a",""]]\n'],
  ['a limit out of order', '[[0,5,"x",1]]\n'],
  ['a limit without a number', '[[0,0,"x",null]]\n'],
  ['no list', '{"a":1}\n'],
  ['a line without end', 'x'.repeat(5_000_000)],
])('who says %s is cut off, and nobody else', async (_, said) => {
  await using all = await setUp(1);
  await all.stores[0].acquire([rate(100)]);
  const socket = net.connect(all.path);
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(said);
  await closed;
  expect((await all.stores[0].acquire([rate(100)])).refusedBy).toBe(-1);
});

test('a store that hears nonsense gives up that keeper', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'keeper');
  const server = net.createServer((socket) => void socket.write('hello\n')).listen(path);
  await once(server, 'listening');
  const store = keeperStore({ path });
  await expect(Promise.resolve(store.acquire([rate(1)]))).rejects.toMatchObject({ code: 'STORE_AWAY' });
  await store.close();
  server.close();
});

test('leases let requests pass without asking, never more than the limit, and are forfeited after their time', async () => {
  await using all = await setUp(3, 16);
  let granted = 0;
  let atOnce = 0;
  for (let i = 0; i < 600; i++) {
    const decision = (all.stores[i % 3] as LimitStore).acquire([rate(300)]);
    if (!(decision instanceof Promise)) atOnce++;
    if ((await decision).refusedBy === -1) granted++;
  }
  expect(granted).toBeLessThanOrEqual(301);
  // What the other workers' leases still hold: the documented bound.
  expect(granted).toBeGreaterThanOrEqual(301 - 3 * 16);
  expect(atOnce, 'most of them did not ask').toBeGreaterThan(150);
});

test('a lease is not used beyond its time', async () => {
  await using all = await setUp(1, 16);
  const [store] = all.stores;
  for (let i = 0; i < 4; i++) await store.acquire([rate(300)]);
  expect(store.acquire([rate(300)]), 'by a lease').not.toBeInstanceOf(Promise);
  all.time.ms += 101;
  const asked = store.acquire([rate(300)]);
  expect(asked).toBeInstanceOf(Promise);
  await asked;
});

test('one request at a time asks for a lease, so that a worker holds no more than one', async () => {
  await using all = await setUp(1, 4);
  const [store] = all.stores;
  await store.acquire([rate(1000)]);
  const asked = Array.from({ length: 50 }, () => store.acquire([rate(1000)]));
  expect(await grantedOf(asked)).toBe(50);
  let atOnce = 0;
  for (let asks = false; !asks;) {
    const decision = store.acquire([rate(1000)]);
    asks = decision instanceof Promise;
    if (!asks) atOnce++;
    await decision;
  }
  expect(atOnce).toBeLessThanOrEqual(4);
});

test('a lease of a keeper that is gone is not used', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'keeper');
  const store = keeperStore({ path, leaseRequests: 16, now: () => 0 });
  const first = createKeeper();
  await first.listen({ path });
  for (let i = 0; i < 3; i++) await store.acquire([rate(1000)]);
  expect(store.acquire([rate(1000)]), 'by a lease').not.toBeInstanceOf(Promise);
  await first.close();
  const second = createKeeper();
  await second.listen({ path });
  await expect.poll(() => Promise.resolve(store.acquire([held(9)])).catch(() => undefined)).toBeDefined();
  const next = store.acquire([rate(1000)]);
  expect(next).toBeInstanceOf(Promise);
  await next;
  await store.close();
  await second.close();
});
