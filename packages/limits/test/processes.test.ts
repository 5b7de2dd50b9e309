import { join } from 'node:path';
import { createMaster, type Master, type TcpTarget } from '@highball/prefork-master';
import { exchange, RawClient, temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import type { LimitRule } from '../src/index.ts';

const request = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const script = (name: string): URL => new URL(`fixtures/${name}.ts`, import.meta.url);

/** Two masters: one with the keeper, and one with workers that ask it. */
async function serve(workers: number, rules: readonly LimitRule[], leaseRequests: number) {
  const folder = await temporaryFolder();
  const path = join(folder.path, 'keeper');
  const keeper = createMaster({
    listen: [{ path }],
    worker: { script: script('keeper') },
    workers: 1,
    log: silent,
  });
  await keeper.start();
  const master = createMaster({
    listen: [{ host: '127.0.0.1', port: 0 }],
    worker: { script: script('worker'), data: { keeper: path, rules, leaseRequests } },
    workers,
    // The kernel spreads the connections: with one socket for all of them the first to be awake may take each.
    sharing: 'reuseport',
    log: silent,
  });
  await master.start();
  const [{ port }] = master.addresses() as [TcpTarget];
  return {
    port,
    keeper,
    master,
    async [Symbol.asyncDispose]() {
      await master.stop({ graceful: false });
      await keeper.stop();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Sends so many requests, a few at a time; says how many passed, and by which workers. */
async function flood(
  port: number,
  count: number,
): Promise<{ passed: number; workers: Set<string>; ms: number }> {
  const workers = new Set<string>();
  let passed = 0;
  let left = count;
  const began = performance.now();
  const client = async (): Promise<void> => {
    while (left-- > 0) {
      const answer = await exchange(port, request('/'));
      if (!answer.startsWith('HTTP/1.1 200')) continue;
      passed++;
      workers.add(/worker \d+/.exec(answer)?.[0] ?? '');
    }
  };
  await Promise.all(Array.from({ length: 32 }, client));
  return { passed, workers, ms: performance.now() - began };
}

const RATE = 20;
const BURST = 100;

test.each([0, 16])('three workers have one limit, with leases of %i', async (leaseRequests) => {
  const rules = [{ requestsPerSecond: RATE, burst: BURST, nodelay: true }];
  await using site = await serve(3, rules, leaseRequests);
  const { passed, workers, ms } = await flood(site.port, 300);
  expect(workers.size, 'several of them have answered').toBeGreaterThan(1);
  // The first, the burst, and what the rate gave during that time.
  const most = 1 + BURST + (RATE * ms) / 1000;
  expect(passed).toBeLessThanOrEqual(Math.ceil(most));
  // None is refused too early, but for what other workers hold a lease of.
  expect(passed).toBeGreaterThanOrEqual(1 + BURST - 3 * leaseRequests);
});

const statuses = (master: Master): readonly { pid: number }[] => master.status().workers as never;

test('requests at a time are counted over all workers, and a worker that is killed holds nothing', async () => {
  await using site = await serve(3, [{ concurrentRequests: 5 }], 0);
  const slow = await Promise.all(Array.from({ length: 12 }, () => RawClient.connect(site.port)));
  for (const client of slow) client.send(request('/slow'));
  // Only when all of them have come to their place or been refused is nobody else's place taken by what follows.
  const refused = (): number => slow.filter(({ received }) => received.startsWith('HTTP/1.1 429 ')).length;
  await expect.poll(refused).toBe(7);
  expect((await exchange(site.port, request('/'))).slice(9, 12)).toBe('429');
  for (const { pid } of statuses(site.master)) process.kill(pid, 'SIGKILL');
  await expect.poll(async () => (await exchange(site.port, request('/'))).slice(9, 12)).toBe('200');
  for (const client of slow) client.destroy();
});

test('a keeper that is killed is replaced, and requests are answered all the while', async () => {
  await using site = await serve(2, [{ requestsPerSecond: 1, burst: 1000, nodelay: true }], 0);
  const [before] = statuses(site.keeper);
  const flooding = flood(site.port, 200);
  process.kill(before?.pid as number, 'SIGKILL');
  expect((await flooding).passed).toBe(200);
  await expect.poll(() => statuses(site.keeper).some(({ pid }) => pid !== before?.pid)).toBe(true);
});
