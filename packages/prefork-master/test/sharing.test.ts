import { RawClient } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { ask, echo, event, isAlive, Load, pids, start, until } from './support.ts';

/** Opens connections that stay, and says how many each worker has. */
async function spread(port: number, count: number): Promise<{ clients: RawClient[]; shares: number[] }> {
  const clients: RawClient[] = [];
  const shares = new Map<string, number>();
  while (clients.length < count) {
    const client = await RawClient.connect(port);
    clients.push(client);
    client.send('who\n');
    const [id = ''] = (await client.until('\n')).split(' ');
    shares.set(id, (shares.get(id) ?? 0) + 1);
  }
  return { clients, shares: [...shares.values()] };
}

test('64 kept connections: the busiest of 4 balanced workers has at most 1.5 times those of the least busy', async () => {
  await using running = await start({ workers: 4, worker: echo({ balance: true }) });
  const { clients, shares } = await spread(running.port, 64);
  expect(shares).toHaveLength(4);
  expect(Math.max(...shares) / Math.min(...shares)).toBeLessThanOrEqual(1.5);
  for (const client of clients) client.destroy();
});

test('a balanced worker takes what a blocked one leaves', async () => {
  await using running = await start({ workers: 2, worker: echo({ balance: true }), timeoutMs: 60_000 });
  const [, frozen] = pids(running.master) as [number, number];
  process.kill(frozen, 'SIGSTOP');
  // All of them wait for the other one, which has more and more.
  const { clients, shares } = await spread(running.port, 12);
  expect(shares).toEqual([12]);
  process.kill(frozen, 'SIGCONT');
  for (const client of clients) client.destroy();
});

test('a worker has one count: to take part twice is a mistake', async () => {
  const script = new URL('fixtures/balance-twice.ts', import.meta.url);
  await expect(start({ worker: { script } })).rejects.toMatchObject({
    code: 'worker-boot',
    message: expect.stringContaining('takes part in the balance already'),
  });
  // Where each worker has its own socket there is no balance to take part in.
  await using running = await start({ worker: { script }, sharing: 'reuseport' });
  expect(pids(running.master)).toHaveLength(1);
});

describe('reuseport', () => {
  const reuseport = { sharing: 'reuseport' as const };

  test('what waits at a worker that is killed is answered by its replacement', async () => {
    await using running = await start({ ...reuseport, workers: 2, timeoutMs: 60_000 });
    const [victim] = pids(running.master) as [number];
    process.kill(victim, 'SIGSTOP');
    // Some of them wait in the queue of the stopped worker.
    const answers = Array.from({ length: 32 }, (_, index) => ask(running.port, `hello ${index}`));
    const early = await Promise.race([Promise.all(answers), new Promise((wake) => setTimeout(wake, 200))]);
    expect(early).toBeUndefined();
    const { queues } = running.master.status();
    if (queues[0]?.queued !== undefined) expect(queues[0].queued).toBeGreaterThan(0);
    process.kill(victim, 'SIGKILL');
    expect(await Promise.all(answers)).toEqual(answers.map((_, index) => `hello ${index}`));
  });

  test('scaling down and up under load loses no connection', async () => {
    await using running = await start({ ...reuseport, workers: 3 });
    await using clients = new Load(running.port);
    await running.master.scale(1);
    expect(pids(running.master)).toHaveLength(1);
    await running.master.scale(2);
    await clients.stop();
    expect(clients.failures).toEqual([]);
    expect(clients.answers).toBeGreaterThan(0);
    // All queues have somebody.
    for (let round = 0; round < 16; round++) expect(await ask(running.port, 'hello')).toBe('hello');
  });

  test('without workers connections wait, wherever the kernel has put them', async () => {
    await using running = await start({ ...reuseport, workers: 2 });
    await running.master.retire();
    const answers = Array.from({ length: 16 }, () => ask(running.port, 'hello'));
    await running.master.scale(1);
    expect(new Set(await Promise.all(answers))).toEqual(new Set(['hello']));
  });
});

describe('retiring', () => {
  test('stops the workers and keeps the sockets; a reload brings as many back', async () => {
    await using running = await start({ workers: 2 });
    const before = pids(running.master);
    await running.master.retire();
    await running.master.retire();
    expect(before.filter(isAlive)).toEqual([]);
    expect(running.master.status()).toMatchObject({ state: 'running', size: 0, retired: true });
    const answer = ask(running.port, 'who');
    await running.master.reload();
    expect(await answer).toMatch(/^[12] \d+ 2$/);
    expect(running.master.status()).toMatchObject({ size: 2, retired: false });
  });
});

test('a status tells queues, memory, load and how the last worker has ended', async () => {
  await using running = await start();
  const ready = event(running.master, 'workerReady');
  process.kill(pids(running.master)[0] as number, 'SIGKILL');
  await ready;
  await until(() => running.master.status().workers[0]?.utilisation !== undefined);
  const { queues, workers } = running.master.status();
  expect(queues).toEqual([{ address: `127.0.0.1:${running.port}`, queued: 0 }]);
  expect(workers[0]).toMatchObject({ lastExit: 'was ended by SIGKILL', restarts: 1 });
  expect(workers[0]?.memoryBytes).toBeGreaterThan(10_000_000);
  expect(workers[0]?.utilisation).toBeLessThan(1);
});
