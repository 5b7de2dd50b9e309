/*
 * What limits cost a request: the middleware alone, one request at a time and a thousand at once, with each store.
 * The keeper is a process of its own; Redis is started where it is installed.
 *
 *   node -C @highball/source bench/added-latency.ts
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Application, Environ } from '@highball/gateway-protocol';
import { freePort, Program, temporaryFolder } from '@highball/testkit';
import { createClient } from '@redis/client';
import { keeperStore, limits, type LimitStore, memoryStore, redisStore } from '../src/index.ts';

const hello: Application = (_environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']]);
  return ['hello'];
};
const environ = { REMOTE_ADDR: '203.0.113.1', REMOTE_PORT: '4711', SCRIPT_NAME: '' } as unknown as Environ;
const start = (): (() => undefined) => () => undefined;

function percentile(sorted: readonly number[], share: number): string {
  return ((sorted[Math.floor(sorted.length * share)] ?? Number.NaN) * 1000).toFixed(1);
}

async function measure(name: string, store: LimitStore | undefined): Promise<void> {
  const rules = [{ requestsPerSecond: 1e9, burst: 1e6, nodelay: true }];
  const limited = limits({ rules, ...(store && { store, storeDeadlineMs: 10_000 }) });
  const app = limited(hello);
  const times: number[] = [];
  for (let i = 0; i < 25_000; i++) {
    const began = performance.now();
    const body = app({ ...environ }, start);
    if (body instanceof Promise) await body;
    // The first ones warm up.
    if (i >= 5000) times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const rounds = 50;
  const began = performance.now();
  for (let i = 0; i < rounds; i++)
    await Promise.all(Array.from({ length: 1000 }, () => app({ ...environ }, start)));
  const each = (performance.now() - began) / rounds;
  await limited.close();
  const rate = Math.round((1000 / each) * 1000);
  console.log(
    `${name.padEnd(22)} ${percentile(times, 0.5)} µs median, ${percentile(times, 0.99)} µs p99; ${rate}/s at once`,
  );
}

await using folder = await temporaryFolder();
await measure('memory', memoryStore());
const path = join(folder.path, 'keeper');
await using keeper = new Program(process.execPath, [
  '-C',
  '@highball/source',
  '--input-type=module',
  '-e',
  `import { createKeeper } from ${JSON.stringify(join(import.meta.dirname, '../src/index.ts'))};
   await createKeeper().listen({ path: ${JSON.stringify(path)} }); console.log('ready')`,
]);
await keeper.until(/ready/);
await measure('keeper, no leases', keeperStore({ path, leaseRequests: 0 }));
await measure('keeper, leases of 16', keeperStore({ path, leaseRequests: 16 }));
await measure('keeper, leases of 128', keeperStore({ path }));

const server = '/usr/bin/redis-server';
if (existsSync(server)) {
  const port = await freePort();
  await using redis = new Program(server, ['--port', String(port), '--save', '', '--dir', folder.path]);
  await redis.until(/Ready to accept/);
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  await client.connect();
  await measure('Redis', redisStore({ client }));
  client.destroy();
} else {
  console.log('needs redis-server (Debian: apt-get install redis-server)');
}
