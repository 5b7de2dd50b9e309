import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RawClient, temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { ask, echo, event, isAlive, Load, pids, start, until } from './support.ts';

/** Has a worker do something that it does not answer. */
async function order(port: number, line: string): Promise<void> {
  const client = await RawClient.connect(port);
  client.send(`${line}\nhello\n`);
  await client.until('hello');
  client.destroy();
}

describe.concurrent('a worker is replaced before it is retired', () => {
  test.skipIf(!existsSync('/proc/self/status'))('when it holds too much memory', async () => {
    await using running = await start({ maxMemoryBytes: 200_000_000 });
    const [old] = pids(running.master) as [number];
    const recycle = event(running.master, 'workerRecycle');
    await using clients = new Load(running.port);
    await order(running.port, 'grow');
    expect(await recycle).toEqual([
      expect.objectContaining({ pid: old }),
      expect.stringMatching(/^it holds \d+\.\d MiB of memory; the limit is 190\.7 MiB$/),
    ]);
    await until(() => !isAlive(old));
    await clients.stop();
    expect(clients.failures).toEqual([]);
    expect(pids(running.master)).toHaveLength(1);
  });

  test('when it has served for long enough, one after the other', async () => {
    await using running = await start({ workers: 3, maxLifetimeMs: 500 });
    const before = pids(running.master);
    await using clients = new Load(running.port);
    let most = 0;
    let booting = 0;
    running.master.on('workerSpawn', () => (most = Math.max(most, ++booting)));
    running.master.on('workerReady', () => booting--);
    await until(() => before.filter(isAlive).length === 0);
    await clients.stop();
    expect(clients.failures).toEqual([]);
    expect(most).toBe(1);
  });

  test('when a file has changed; one change of many files is one reload', async () => {
    await using folder = await temporaryFolder();
    await using running = await start({ watch: [folder.path], watchDebounceMs: 50 });
    const changed = event(running.master, 'change');
    const reloaded = event(running.master, 'reloaded');
    for (const name of ['a.js', 'b.js', 'c.js']) writeFileSync(join(folder.path, name), '');
    expect(await changed).toEqual([expect.stringMatching(/^[abc]\.js$/)]);
    expect(await reloaded).toEqual([2]);
    expect(running.master.status().generation).toBe(2);
  });
});

test.concurrent('a retired master is not woken by a file', async () => {
  await using folder = await temporaryFolder();
  await using running = await start({ watch: [folder.path], watchDebounceMs: 1 });
  await running.master.retire();
  writeFileSync(join(folder.path, 'a.js'), '');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(running.master.status()).toMatchObject({ size: 0, generation: 1 });
});

test.concurrent('the log says what a blocked worker was serving, and for how long', async () => {
  // Long enough for the thread that watches to have its turn on a busy machine before the worker is killed.
  await using running = await start({ timeoutMs: 4000, worker: echo({ watchTasks: true }) });
  const timeout = event(running.master, 'workerTimeout');
  const client = await RawClient.connect(running.port);
  const before = performance.now();
  client.send('block\n');
  const serving = String((await timeout)[2]);
  const waited = performance.now() - before;
  // The line break in what the client has sent is none in the log.
  const said = /^GET \/block\?forged for (?<seconds>\d+\.\d) s$/.exec(serving)?.groups?.['seconds'];
  expect(Number(said), serving).toBeGreaterThan(0);
  // It is said with one digit. How late a busy machine looks at the clock is its own affair.
  expect(Number(said)).toBeLessThanOrEqual(waited / 1000 + 0.05);
  expect(running.log.text).toContain(`is replaced; it was serving ${serving}`);
  client.destroy();
});

test.concurrent('what the loop was at before it went on is not told of the next time', async () => {
  await using running = await start({ timeoutMs: 4000, worker: echo({ watchTasks: true }) });
  const timeout = event(running.master, 'workerTimeout');
  await order(running.port, 'spin');
  const [pid] = pids(running.master) as [number];
  process.kill(pid, 'SIGSTOP');
  expect((await timeout)[2]).toBe('');
});

test.concurrent('more workers for a busy one, as far as the bound', async () => {
  const autoscale = { min: 1, max: 2, upAfterMs: 0, targetUtilisation: 0.05 };
  await using running = await start({ autoscale });
  const scaled = event(running.master, 'scale');
  const client = await RawClient.connect(running.port);
  const busy = setInterval(() => client.send('spin\n'), 600);
  expect(await scaled).toEqual([2, 1]);
  clearInterval(busy);
  client.destroy();
});

test.skipIf(!existsSync('/proc/self/fd'))(
  'two hundred crashes leave no descriptor behind, and all workers are there in the end',
  async () => {
    // A program that is there at once and gone at once: what is watched is the master.
    const worker = { command: 'sleep', args: ['1000'], data: {} };
    await using running = await start({ workers: 10, worker, backoff: { firstMs: 1, maxMs: 1 } });
    const descriptors = (): number => readdirSync('/proc/self/fd').length;
    const exits: unknown[] = [];
    running.master.on('workerExit', (worker) => void exits.push(worker));
    const before = descriptors();
    while (exits.length < 200) {
      const present = pids(running.master);
      for (const pid of present) process.kill(pid, 'SIGKILL');
      const expected = exits.length + present.length;
      await until(() => exits.length >= expected && pids(running.master).length === 10);
    }
    await until(() => descriptors() <= before);
    expect(running.master.status().workers).toHaveLength(10);
    expect(pids(running.master).filter(isAlive)).toHaveLength(10);
  },
);

test.concurrent('a crash loop is to be seen: how often, for how long, and why', async () => {
  await using running = await start({ backoff: { firstMs: 60_000, maxMs: 60_000 } });
  for (let crash = 0; crash < 2; crash++) {
    const exit = event(running.master, 'workerExit');
    const client = await RawClient.connect(running.port);
    client.send('crash\n');
    await exit;
    client.destroy();
  }
  await until(() => running.master.status().workers[0]?.state === 'waiting');
  expect(running.master.status().workers[0]).toMatchObject({ crashes: 2, lastExit: 'exited with code 9' });
  await running.master.reload();
  expect(await ask(running.port, 'hello')).toBe('hello');
});
