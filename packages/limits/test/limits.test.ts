import { getEventListeners } from 'node:events';
import type { Application } from '@highball/gateway-protocol';
import { describe, expect, test } from 'vitest';
import { type LimitRule, limits, LimitsOptionError, type LimitsOptions, memoryStore } from '../src/index.ts';
import { call, hello, Lines, ManualTime, silent, turn } from './support.ts';

function setUp(
  rules: readonly LimitRule[],
  options: Omit<LimitsOptions, 'rules'> = {},
  app: Application = hello,
) {
  const time = new ManualTime();
  const log = new Lines();
  const limited = limits({ rules, now: time.now, after: time.after, log, ...options })(app);
  return {
    time,
    log,
    ask: async (fields: Record<string, unknown> = {}) => {
      const answer = await call(limited, fields);
      answer.close();
      return answer;
    },
    begin: (fields: Record<string, unknown> = {}) => call(limited, fields),
  };
}

describe('requests a second', () => {
  test('are refused with 429 beyond the rate, and told when to come again', async () => {
    const { time, ask } = setUp([{ requestsPerSecond: 0.2 }]);
    expect(await ask()).toMatchObject({ status: 200, retryAfter: undefined });
    const refused = await ask();
    expect(refused).toMatchObject({ status: 429, retryAfter: 5 });
    expect(refused.headers).toContainEqual(['Cache-Control', 'no-store']);
    await time.pass(4999);
    expect((await ask()).status).toBe(429);
    await time.pass(1);
    expect((await ask()).status).toBe(200);
  });

  test('of one key are none of another', async () => {
    const { ask } = setUp([{ requestsPerSecond: 1 }]);
    expect((await ask()).status).toBe(200);
    expect((await ask({ REMOTE_ADDR: '203.0.113.2' })).status).toBe(200);
    expect((await ask()).status).toBe(429);
  });

  test('may be ahead of the rate by a burst, which waits for its turn', async () => {
    const { time, begin } = setUp([{ requestsPerSecond: 10, burst: 2 }]);
    const done: number[] = [];
    const answers = [1, 2, 3, 4].map(async (n) => {
      const { status } = await begin();
      done.push(n);
      return status;
    });
    await turn();
    expect(done.toSorted()).toEqual([1, 4]);
    await time.pass(99);
    expect(done).toHaveLength(2);
    await time.pass(1);
    expect(done).toContain(2);
    await time.pass(100);
    expect(await Promise.all(answers)).toEqual([200, 200, 200, 429]);
  });

  test('with delay: so many of the burst do not wait', async () => {
    const { time, begin } = setUp([{ requestsPerSecond: 1, burst: 3, delay: 2 }]);
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) void begin().then(({ status }) => statuses.push(status));
    await turn();
    expect(statuses.toSorted()).toEqual([200, 200, 200, 429]);
    expect(time.waiting).toBe(1);
    await time.pass(1000);
    expect(statuses).toHaveLength(5);
  });

  test('with nodelay: none waits', async () => {
    const { ask } = setUp([{ requestsPerSecond: 1, burst: 3, nodelay: true }]);
    const statuses = [];
    for (let i = 0; i < 6; i++) statuses.push((await ask()).status);
    expect(statuses).toEqual([200, 200, 200, 200, 429, 429]);
  });

  test('that wait are bounded', async () => {
    const { begin, time } = setUp([{ requestsPerSecond: 1, burst: 100 }], { maxDelayed: 2 });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) void begin().then(({ status }) => statuses.push(status));
    await turn();
    expect(statuses.toSorted()).toEqual([200, 429, 429]);
    expect(time.waiting).toBe(2);
    // Who has had his turn makes room for others.
    await time.pass(10_000);
    for (let i = 0; i < 3; i++) void begin().then(({ status }) => statuses.push(status));
    await turn();
    expect(time.waiting).toBe(2);
  });

  test('that wait are given up when their client leaves, and the application is not called', async () => {
    let calls = 0;
    const gone = new AbortController();
    const { begin, time } = setUp([{ requestsPerSecond: 1, burst: 5 }], {}, (environ, startResponse) => {
      calls++;
      return hello(environ, startResponse);
    });
    await begin();
    const waiting = begin({ 'highball.signal': () => gone.signal });
    await turn();
    gone.abort();
    await waiting;
    expect(calls).toBe(1);
    expect(time.waiting).toBe(0);
  });

  test('that have waited leave nothing at the signal of their client', async () => {
    const gone = new AbortController();
    const { begin, time } = setUp([{ requestsPerSecond: 1, burst: 5 }]);
    await begin();
    const waiting = begin({ 'highball.signal': () => gone.signal });
    await turn();
    expect(getEventListeners(gone.signal, 'abort')).toHaveLength(1);
    await time.pass(1000);
    await waiting;
    expect(getEventListeners(gone.signal, 'abort')).toHaveLength(0);
  });

  test('are told of in environ, for logs', async () => {
    const { ask, begin, time } = setUp([{ requestsPerSecond: 1, burst: 1 }]);
    expect((await ask()).environ['highball.limit_status']).toBe('PASSED');
    const delayed = begin();
    await turn();
    expect((await ask()).environ['highball.limit_status']).toBe('REJECTED');
    await time.pass(1000);
    expect((await delayed).environ['highball.limit_status']).toBe('DELAYED');
  });
});

test('all rules must be kept, each with its own key, name and status', async () => {
  const { ask } = setUp([
    { name: 'client', requestsPerSecond: 1, burst: 9, nodelay: true },
    { name: 'api', requestsPerSecond: 1, key: { header: 'X-Key' }, status: 503 },
  ]);
  expect((await ask({ HTTP_X_KEY: 'a' })).status).toBe(200);
  expect((await ask({ HTTP_X_KEY: 'a' })).status).toBe(503);
  expect((await ask({ HTTP_X_KEY: 'b' })).status).toBe(200);
});

test('who is allowed has no limit, and costs none', async () => {
  const { ask } = setUp([{ requestsPerSecond: 1, key: () => 'all' }], { allow: ['203.0.113.0/24'] });
  for (let i = 0; i < 5; i++) expect((await ask()).status).toBe(200);
  expect((await ask({ REMOTE_ADDR: '192.0.2.1' })).status).toBe(200);
  expect((await ask({ REMOTE_ADDR: '192.0.2.1' })).status).toBe(429);
});

test('a key of undefined is not for the rule', async () => {
  const { ask } = setUp([{ requestsPerSecond: 1, key: () => undefined }]);
  for (let i = 0; i < 5; i++) expect((await ask()).status).toBe(200);
});

describe('requests at a time', () => {
  const rules = [{ concurrentRequests: 2 }];

  test('are counted until the server closes their bodies', async () => {
    const { begin } = setUp(rules);
    const [first, second] = [await begin(), await begin()];
    expect(await begin()).toMatchObject({ status: 429, retryAfter: 1 });
    first.close();
    const third = await begin();
    expect(third.status).toBe(200);
    expect((await begin()).status).toBe(429);
    second.close();
    third.close();
    expect((await begin()).status).toBe(200);
  });

  test('released twice give back one', async () => {
    const store = memoryStore();
    const claims = [{ limit: { kind: 'concurrency', name: 'x', max: 2 } as const, key: 'a' }];
    const first = await store.acquire(claims);
    await store.acquire(claims);
    first.release?.();
    first.release?.();
    expect((await store.acquire(claims)).refusedBy).toBe(-1);
    expect((await store.acquire(claims)).refusedBy).toBe(0);
  });

  test.each<[string, Application]>([
    ['throws', () => { throw new Error('no'); }], // prettier-ignore
    ['rejects', () => Promise.reject(new Error('no'))],
    [
      'returns a body whose close throws',
      (_, startResponse) => {
        startResponse('200 OK', [['Content-Type', 'text/plain']]);
        return { *[Symbol.iterator]() { yield 'x'; }, close() { throw new Error('no'); } }; // prettier-ignore
      },
    ],
    [
      'returns a body whose close rejects',
      (_, startResponse) => {
        startResponse('200 OK', [['Content-Type', 'text/plain']]);
        return { *[Symbol.iterator]() { yield 'x'; }, close: () => Promise.reject(new Error('no')) }; // prettier-ignore
      },
    ],
  ])('an application that %s holds nothing any more', async (_, app) => {
    const { begin } = setUp([{ concurrentRequests: 1 }], {}, app);
    for (let i = 0; i < 3; i++) {
      const outcome = await begin().then(
        async (answer) => (
          await Promise.resolve(answer)
            .then((open) => open.close())
            .catch(() => 0),
          answer.status
        ),
        (error: Error) => error.message,
      );
      expect(outcome).not.toBe(429);
    }
  });

  test('are given back by a refusal of another rule', async () => {
    const { ask, time } = setUp([{ concurrentRequests: 1 }, { requestsPerSecond: 1 }]);
    await ask();
    for (let i = 0; i < 3; i++) expect((await ask()).status).toBe(429);
    await time.pass(1000);
    expect((await ask()).status).toBe(200);
  });

  test('are given back by a client that leaves while it waits for its turn', async () => {
    const gone = new AbortController();
    const { begin, ask, time } = setUp([{ concurrentRequests: 1 }, { requestsPerSecond: 1, burst: 5 }]);
    await ask();
    const waiting = begin({ 'highball.signal': () => gone.signal });
    await turn();
    expect((await ask()).status).toBe(429);
    gone.abort();
    (await waiting).close();
    await time.pass(10_000);
    expect((await ask()).status).toBe(200);
  });
});

describe('connections at a time', () => {
  test('are counted once for all their requests', async () => {
    const { begin } = setUp([{ concurrentConnections: 1 }]);
    const first = await begin();
    const second = await begin();
    expect(second.status).toBe(200);
    expect((await begin({ REMOTE_PORT: '4712' })).status).toBe(429);
    first.close();
    expect((await begin({ REMOTE_PORT: '4712' })).status).toBe(429);
    second.close();
    expect((await begin({ REMOTE_PORT: '4712' })).status).toBe(200);
  });

  test('that the server does not tell apart count as requests', async () => {
    const { begin } = setUp([{ concurrentConnections: 1 }]);
    expect((await begin({ REMOTE_PORT: undefined })).status).toBe(200);
    expect((await begin({ REMOTE_PORT: undefined })).status).toBe(429);
  });
});

describe('a dry run', () => {
  test('refuses and delays nobody, and says what it would do', async () => {
    const { ask, log } = setUp([{ name: 'tried', requestsPerSecond: 1, burst: 1 }], { dryRun: true });
    const statuses = [];
    for (let i = 0; i < 3; i++) {
      const { status, environ } = await ask();
      statuses.push(`${status} ${String(environ['highball.limit_status'])}`);
    }
    expect(statuses).toEqual(['200 PASSED', '200 DELAYED_DRY_RUN', '200 REJECTED_DRY_RUN']);
    expect(log.lines).toMatchObject([
      { level: 'info', details: { rule: 'tried', dryRun: true } },
      { level: 'warn', details: { rule: 'tried', dryRun: true } },
    ]);
  });

  test('is of one rule, beside others that are enforced', async () => {
    const { ask } = setUp([
      { requestsPerSecond: 1, dryRun: true },
      { requestsPerSecond: 1, burst: 1, nodelay: true },
    ]);
    expect((await ask()).status).toBe(200);
    const second = await ask();
    expect([second.status, second.environ['highball.limit_status']]).toEqual([200, 'REJECTED_DRY_RUN']);
    expect((await ask()).status).toBe(429);
  });

  test('gives back what it holds', async () => {
    const { begin } = setUp([{ concurrentRequests: 1, dryRun: true }]);
    const first = await begin();
    expect((await begin()).environ['highball.limit_status']).toBe('REJECTED_DRY_RUN');
    first.close();
    expect((await begin()).environ['highball.limit_status']).toBe('PASSED');
  });
});

test('a flood has one line a key and period, and then one that says how many there were', async () => {
  const { ask, log, time } = setUp([{ name: 'flood', requestsPerSecond: 0.001 }], { logPeriodMs: 1000 });
  for (let i = 0; i < 10; i++) await ask();
  await ask({ REMOTE_ADDR: '192.0.2.9' });
  await ask({ REMOTE_ADDR: '192.0.2.9' });
  expect(log.lines.map(({ details }) => details)).toEqual([
    { rule: 'flood', key: '203.0.113.1', dryRun: false, unsaid: 0 },
    { rule: 'flood', key: '192.0.2.9', dryRun: false, unsaid: 0 },
  ]);
  await time.pass(1000);
  await ask();
  expect(log.lines.at(-1)?.details).toMatchObject({ key: '203.0.113.1', unsaid: 8 });
});

test('a limited application that is synchronous is answered at once', () => {
  const limited = limits({ rules: [{ requestsPerSecond: 1 }, { concurrentRequests: 1 }], log: silent })(
    hello,
  );
  const body = limited({ REMOTE_ADDR: '192.0.2.1' } as never, () => () => undefined);
  expect(Array.isArray(body)).toBe(true);
});

test.each<[string, LimitsOptions]>([
  ['no rate', { rules: [{ requestsPerSecond: 0 }] }],
  ['a rate that is no number', { rules: [{ requestsPerSecond: Number.NaN }] }],
  ['half a burst', { rules: [{ requestsPerSecond: 1, burst: 0.5 }] }],
  ['a burst below 0', { rules: [{ requestsPerSecond: 1, burst: -1 }] }],
  ['delay and nodelay', { rules: [{ requestsPerSecond: 1, burst: 2, delay: 1, nodelay: true }] }],
  ['none at a time', { rules: [{ concurrentRequests: 0 }] }],
  ['half a connection', { rules: [{ concurrentConnections: 1.5 }] }],
  [
    'two rules of one name',
    {
      rules: [
        { name: 'a', concurrentRequests: 1 },
        { name: 'a', concurrentRequests: 2 },
      ],
    },
  ],
  ['a name with a colon', { rules: [{ name: 'a:b', concurrentRequests: 1 }] }],
  ['another status', { rules: [{ concurrentRequests: 1, status: 404 as never }] }],
  ['a body below 0', { maxBodyBytes: -1 }],
  ['an option that is none', { requests: [] } as never],
  ['a rule without a limit', { rules: [{ rate: 5 } as never] }],
  ['a rule with two', { rules: [{ requestsPerSecond: 1, concurrentRequests: 1 } as never] }],
  ['a misspelled part of a rule', { rules: [{ requestsPerSecond: 1, brust: 5 } as never] }],
  ['a part of another rule', { rules: [{ concurrentRequests: 1, burst: 5 } as never] }],
  ['an unknown policy', { onStoreFailure: 'ajar' as never }],
  ['no network', { allow: ['everybody'] }],
])('%s makes no sense', (_, options) => {
  expect(() => limits(options)).toThrow(LimitsOptionError);
});
