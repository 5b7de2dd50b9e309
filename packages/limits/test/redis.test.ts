import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { Program, freePort, temporaryFolder } from '@highball/testkit';
import { createClient } from '@redis/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Claim, limits, memoryStore, type RedisClient, redisStore } from '../src/index.ts';
import { call, hello, Lines } from './support.ts';

const server = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'].find((path) => existsSync(path));

describe.skipIf(server === undefined)(
  'Redis (needs redis-server; Debian: apt-get install redis-server)',
  () => {
    let redis: Program;
    let port: number;
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    const clients: { destroy(): void }[] = [];
    const newClient = () => createClient({ url: `redis://127.0.0.1:${port}` });

    async function start(): Promise<Program> {
      const program = new Program(server as string, [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--appendonly',
        'no',
        '--dir',
        folder.path,
      ]);
      await program.until(/Ready to accept connections/);
      return program;
    }

    async function connect(): Promise<ReturnType<typeof newClient>> {
      const client = newClient();
      client.on('error', () => undefined);
      await client.connect();
      clients.push(client);
      return client;
    }

    beforeAll(async () => {
      folder = await temporaryFolder();
      port = await freePort();
      redis = await start();
    });

    afterAll(async () => {
      for (const client of clients) client.destroy();
      await redis.stop();
      await folder[Symbol.asyncDispose]();
    });

    const rate = (burst: number, fields: object = {}): Claim => ({
      limit: { kind: 'rate', name: 'rate', rate: 1000, burst: burst * 1000, delay: burst * 1000, ...fields },
      key: 'a',
    });
    const held = (max: number): Claim => ({ limit: { kind: 'concurrency', name: 'held', max }, key: 'a' });

    test('several machines have one limit, to the request', async () => {
      const prefix = `${randomUUID()}:`;
      const stores = await Promise.all(
        [1, 2, 3].map(async () => redisStore({ client: await connect(), prefix })),
      );
      const began = performance.now();
      const decisions = await Promise.all(
        Array.from({ length: 300 }, (_, i) => stores[i % 3]?.acquire([rate(10)])),
      );
      const passed = decisions.filter((decision) => decision?.refusedBy === -1).length;
      expect(passed).toBeGreaterThanOrEqual(11);
      expect(passed).toBeLessThanOrEqual(11 + Math.ceil((performance.now() - began) / 1000));
    });

    test('delays and refusals are those of the memory, at the same moments', async () => {
      // The script with a clock of its own: what it says must be what the model says.
      const client = await connect();
      let now = 1_795_250_036_789;
      const fixed: RedisClient = {
        eval: (script, options) =>
          client.eval(
            script.replace('local now = time[1] * 1000 + math.floor(time[2] / 1000)', `local now = ${now}`),
            options,
          ),
      };
      const store = redisStore({ client: fixed, prefix: `${randomUUID()}:` });
      const memory = memoryStore({ now: () => now });
      const claims = [
        rate(5, { rate: 1700, delay: 2000 }),
        { ...rate(3), limit: { ...rate(3).limit, name: 'other', rate: 333 } as never },
      ];
      for (let i = 0; i < 200; i++) {
        now += i === 100 ? -70_000 : (i * 7919) % 1300;
        const [ours, theirs] = [await store.acquire(claims), await memory.acquire(claims)];
        expect({ i, ...ours }).toEqual({ i, ...theirs });
      }
    });

    test('what one limit refuses counts for none of the others, and the keys expire', async () => {
      const client = await connect();
      const prefix = `${randomUUID()}:`;
      const store = redisStore({ client, prefix });
      // One request is forgotten in 100 s.
      const claims = [held(1), rate(2, { rate: 10 })];
      const first = await store.acquire(claims);
      expect((await store.acquire(claims)).refusedBy).toBe(0);
      expect(await client.hGet(`${prefix}rate:a`, 'excess')).toBe('0');
      first.release?.();
      await expect.poll(() => client.exists(`${prefix}held:a`)).toBe(0);
      const ttl = await client.pTTL(`${prefix}rate:a`);
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(100_001);
    });

    test('a member counts once, until the last of its requests is over', async () => {
      const prefix = `${randomUUID()}:`;
      const store = redisStore({ client: await connect(), prefix });
      const other = redisStore({ client: await connect(), prefix });
      const claim = { ...held(1), member: '192.0.2.1|80' };
      const [first, second] = [await store.acquire([claim]), await store.acquire([claim])];
      expect([first.refusedBy, second.refusedBy]).toEqual([-1, -1]);
      first.release?.();
      expect((await other.acquire([claim])).refusedBy).toBe(0);
      second.release?.();
      await expect.poll(async () => (await other.acquire([claim])).refusedBy).toBe(-1);
    });

    test('what a machine held that has died is given up after a while; a living one holds on', async () => {
      const prefix = `${randomUUID()}:`;
      const client = await connect();
      const store = redisStore({ client, prefix, holdMs: 3000 });
      const living = await store.acquire([held(2)]);
      const dead = await connect();
      await redisStore({ client: { eval: (...call) => dead.eval(...call) }, prefix, holdMs: 3000 }).acquire([
        held(2),
      ]);
      // Its refreshing calls come to nothing from now on.
      dead.destroy();
      const other = redisStore({ client, prefix });
      expect((await other.acquire([held(2)])).refusedBy).toBe(0);
      await expect
        .poll(() =>
          client.zCard(`${prefix}held:a`).then(async () => (await other.acquire([held(2)])).refusedBy),
        )
        .toBe(-1);
      // One died, one is the new one's: the living one is still there.
      expect((await other.acquire([held(2)])).refusedBy).toBe(0);
      living.release?.();
      await expect.poll(async () => (await other.acquire([held(2)])).refusedBy).toBe(-1);
    });

    test('requests are answered while Redis is away, and limited by it when it is back', async () => {
      const log = new Lines();
      const store = redisStore({ client: await connect(), prefix: `${randomUUID()}:` });
      const app = limits({
        rules: [{ requestsPerSecond: 0.01 }],
        store,
        onStoreFailure: 'open',
        storeDeadlineMs: 2000,
        storeRetryMs: 100,
        log,
      })(hello);
      expect((await call(app)).status).toBe(200);
      expect((await call(app)).status).toBe(429);
      await redis.stop();
      const began = performance.now();
      for (let i = 0; i < 50; i++) expect((await call(app)).status).toBe(200);
      // One waited for the deadline, and perhaps another one that was due meanwhile, not all of them.
      expect(performance.now() - began).toBeLessThan(25 * 2000);
      redis = await start();
      await expect.poll(async () => (await call(app)).status).toBe(429);
      expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    });
  },
);

test('what is no answer of Redis is an error', async () => {
  const store = redisStore({ client: { eval: () => Promise.resolve('OK') } });
  const claim: Claim = { limit: { kind: 'concurrency', name: 'x', max: 1 }, key: 'a' };
  await expect(Promise.resolve(store.acquire([claim]))).rejects.toMatchObject({ code: 'STORE_FAILED' });
});
