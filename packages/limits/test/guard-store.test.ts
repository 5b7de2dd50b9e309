import { describe, expect, test } from 'vitest';
import { guardStore, STORE_AWAY, type StoreFailurePolicy } from '../src/guard-store.ts';
import { type Claim, type Decision, limits, type LimitStore, memoryStore } from '../src/index.ts';
import { call, hello, Lines, ManualTime, turn } from './support.ts';

const claims: Claim[] = [{ limit: { kind: 'rate', name: 'x', rate: 1000, burst: 0, delay: 0 }, key: 'a' }];
const granted: Decision = { refusedBy: -1, delayMs: 0, retryAfterMs: 0 };

function setUp(policy: StoreFailurePolicy = 'open') {
  const time = new ManualTime();
  const asked: { resolve: (decision: Decision) => void; reject: (error: Error) => void }[] = [];
  const changes: unknown[] = [];
  const store: LimitStore = {
    acquire: () => new Promise((resolve, reject) => asked.push({ resolve, reject })),
    close: () => undefined,
  };
  const guarded = guardStore(store, {
    policy,
    deadlineMs: 100,
    retryMs: 1000,
    local: memoryStore({ now: time.now }),
    now: time.now,
    after: time.after,
    onChange: (error) => changes.push(error instanceof Error ? error.message : error),
  });
  return { time, asked, changes, guarded };
}

test('a store that answers is believed', async () => {
  const { asked, guarded, time, changes } = setUp();
  const decision = guarded.acquire(claims);
  asked[0]?.resolve({ ...granted, delayMs: 7 });
  expect((await decision).delayMs).toBe(7);
  expect(time.waiting).toBe(0);
  expect(changes).toEqual([]);
});

describe('a store that does not answer', () => {
  test('is waited for until the deadline, once', async () => {
    const { asked, guarded, time, changes } = setUp();
    const first = guarded.acquire(claims);
    await time.pass(99);
    expect(changes).toEqual([]);
    await time.pass(1);
    expect(await first).toMatchObject({ refusedBy: -1 });
    // The next ones do not wait at all.
    for (let i = 0; i < 100; i++) expect(guarded.acquire(claims)).toMatchObject({ refusedBy: -1 });
    expect(asked).toHaveLength(1);
    expect(changes).toEqual(['no answer within 100 ms']);
  });

  test('is tried by one request after a while, and used again once it answers', async () => {
    const { asked, guarded, time, changes } = setUp();
    const first = guarded.acquire(claims);
    asked[0]?.reject(new Error('gone'));
    await first;
    await time.pass(1000);
    const trial = guarded.acquire(claims);
    expect(guarded.acquire(claims)).not.toBeInstanceOf(Promise);
    expect(asked).toHaveLength(2);
    asked[1]?.resolve(granted);
    await trial;
    expect(guarded.acquire(claims)).toBeInstanceOf(Promise);
    expect(changes).toEqual(['gone', undefined]);
  });

  test('gives back what it grants too late', async () => {
    const { asked, guarded, time } = setUp();
    let released = 0;
    const decision = guarded.acquire(claims);
    await time.pass(100);
    expect((await decision).release).toBeUndefined();
    asked[0]?.resolve({ ...granted, release: () => released++ });
    await turn();
    expect(released).toBe(1);
  });
});

test.each<[StoreFailurePolicy, number[]]>([
  ['open', [-1, -1]],
  ['closed', [STORE_AWAY, STORE_AWAY]],
  ['local', [-1, 0]],
])('while it is away, %s', async (policy, expected) => {
  const { asked, guarded } = setUp(policy);
  const first = guarded.acquire(claims);
  asked[0]?.reject(new Error('gone'));
  const second = guarded.acquire;
  expect([(await first).refusedBy, (await second(claims)).refusedBy]).toEqual(expected);
});

test('closed is 503 for clients, with the time of the next trial', async () => {
  const log = new Lines();
  const store: LimitStore = { acquire: () => Promise.reject(new Error('gone')), close: () => undefined };
  const app = limits({
    rules: [{ requestsPerSecond: 1 }],
    store,
    onStoreFailure: 'closed',
    storeRetryMs: 3000,
    log,
  })(hello);
  expect(await call(app)).toMatchObject({ status: 503, retryAfter: 3 });
  expect(await call(app)).toMatchObject({ status: 503 });
  expect(log.lines).toMatchObject([{ level: 'error', details: { policy: 'closed' } }]);
});

test('a store that throws is one that failed', async () => {
  const time = new ManualTime();
  const broken: LimitStore = {
    acquire: () => {
      throw new Error('broken');
    },
    close: () => undefined,
  };
  const app = limits({ rules: [{ requestsPerSecond: 1 }], store: broken, log: new Lines(), now: time.now })(
    hello,
  );
  expect((await call(app)).status).toBe(200);
  expect((await call(app)).status).toBe(429);
});
