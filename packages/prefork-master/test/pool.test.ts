import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RawClient, temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { createMaster } from '../src/index.ts';
import { ask, attempt, echo, event, isAlive, loopback, pids, portOf, start, until } from './support.ts';

describe('a reload', () => {
  test('replaces all workers under constant fresh connections and loses none', async () => {
    await using running = await start({ workers: 2 });
    const outcomes = new Map<string, number>();
    const load = new AbortController();
    const client = async (): Promise<void> => {
      while (!load.signal.aborted) {
        const answer = await ask(running.port, 'who').catch((error: Error) => `0 0 ${error.message}`);
        const generation = answer.split(' ').slice(2).join(' ');
        outcomes.set(generation, (outcomes.get(generation) ?? 0) + 1);
      }
    };
    const clients = Array.from({ length: 8 }, client);
    const before = pids(running.master);
    for (let round = 0; round < 3; round++) await running.master.reload();
    await until(() => outcomes.has('4'));
    load.abort();
    await Promise.all(clients);
    expect([...outcomes.keys()].toSorted()).toEqual(['1', '2', '3', '4']);
    expect(pids(running.master)).toHaveLength(2);
    expect(before.filter(isAlive)).toEqual([]);
  });

  test('with a broken program leaves the old workers in service, and the next one succeeds', async () => {
    await using folder = await temporaryFolder();
    const flag = join(folder.path, 'broken');
    await using running = await start({ workers: 2, worker: echo({ brokenWhile: flag }) });
    const before = pids(running.master);
    writeFileSync(flag, '');
    await expect(running.master.reload()).rejects.toMatchObject({
      code: 'application',
      message: expect.stringContaining('the code is broken'),
    });
    expect(pids(running.master)).toEqual(before);
    expect(await ask(running.port, 'hello')).toBe('hello');
    expect(running.master.status()).toMatchObject({ state: 'running', generation: 1, reloading: false });
    expect(running.log.text).toContain('error the reload is given up; the old workers stay in service');

    await rm(flag);
    await running.master.reload();
    expect(running.master.status().workers).toMatchObject([{ generation: 3 }, { generation: 3 }]);
  });

  test('tells when the new workers serve, and again when those before them have left', async () => {
    await using running = await start({ workers: 1 });
    const client = await RawClient.connect(running.port);
    client.send('here\n');
    await client.until('here');
    const told: string[] = [];
    running.master.on('replaced', (generation) => told.push(`replaced ${generation}`));
    running.master.on('reloaded', (generation) => told.push(`reloaded ${generation}`));
    const reload = running.master.reload();
    await event(running.master, 'replaced');
    expect(await ask(running.port, 'who')).toMatch(/ 2$/);
    expect(told).toEqual(['replaced 2']);
    client.end();
    await reload;
    expect(told).toEqual(['replaced 2', 'reloaded 2']);
  });

  test('takes a new program; one that fails is not kept for replacements', async () => {
    await using running = await start({ worker: echo({ greeting: 'one' }) });
    await running.master.reload({ worker: echo({ greeting: 'two' }) });
    expect(await ask(running.port, '')).toBe('two');
    await expect(running.master.reload({ worker: echo({ boot: 'fail' }) })).rejects.toThrow(
      'the boot goes wrong',
    );
    const ready = event(running.master, 'workerReady');
    process.kill(pids(running.master)[0] as number, 'SIGKILL');
    await ready;
    expect(await ask(running.port, '')).toBe('two');
  });

  test('during a reload is one more after it, however often it is asked for', async () => {
    await using running = await start();
    await Promise.all(Array.from({ length: 10 }, () => running.master.reload()));
    expect(running.master.status().generation).toBe(3);
  });

  test('keeps an old worker as long as a connection needs it', async () => {
    await using running = await start();
    const client = await RawClient.connect(running.port);
    client.send('who\n');
    const [, old] = (await client.until('\n')).split(' ');
    const ready = event(running.master, 'workerReady');
    const reloaded = running.master.reload();
    await ready;
    await until(() => pids(running.master, 'stopping').length === 1);
    client.send('still here\n');
    await client.until('still here');
    client.end();
    await reloaded;
    expect(isAlive(Number(old))).toBe(false);
  });
});

test.skipIf(!existsSync('/proc/self/fd'))('a hundred replacements leave no descriptor behind', async () => {
  await using running = await start({ workers: 10, worker: { command: 'sleep', args: ['1000'], data: {} } });
  await running.master.reload();
  const before = readdirSync('/proc/self/fd').length;
  for (let round = 0; round < 10; round++) await running.master.reload();
  // The last data is still being written.
  await until(() => readdirSync('/proc/self/fd').length <= before);
  expect(running.master.status().workers).toHaveLength(10);
});

describe('scaling', () => {
  test('up and down', async () => {
    await using running = await start();
    await running.master.scale(3);
    expect(pids(running.master)).toHaveLength(3);
    const before = pids(running.master);
    await running.master.scale(1);
    expect(pids(running.master)).toEqual(before.slice(0, 1));
    expect(before.slice(1).filter(isAlive)).toEqual([]);
    expect(await ask(running.port, 'hello')).toBe('hello');
  });

  test('to zero: connections wait, and are served when there is a worker again', async () => {
    await using running = await start();
    await running.master.scale(0);
    expect(pids(running.master)).toEqual([]);
    const answers = Promise.all([ask(running.port, 'a'), ask(running.port, 'b')]);
    await running.master.scale(1);
    expect(await answers).toEqual(['a', 'b']);
  });

  test('overtakes one that still boots: that is no failure', async () => {
    await using running = await start({ workers: 1 });
    await Promise.all([running.master.scale(4), running.master.scale(1)]);
    expect(running.master.status().size).toBe(1);
    expect(await ask(running.port, 'hello')).toBe('hello');
  });

  test('during a reload does not disturb it', async () => {
    await using running = await start({ workers: 3 });
    await Promise.all([running.master.reload(), running.master.scale(1), running.master.scale(2)]);
    expect(running.master.status()).toMatchObject({ size: 2, generation: 2 });
    expect(pids(running.master)).toHaveLength(2);
  });

  test('to less than nothing is refused', async () => {
    await using running = await start();
    await expect(running.master.scale(-1)).rejects.toMatchObject({ code: 'invalid-option' });
  });
});

describe('recycling', () => {
  test('a worker that asks for it serves until its replacement is ready', async () => {
    await using running = await start();
    const [old] = pids(running.master) as [number];
    const ready = event(running.master, 'workerReady');
    const recycle = event(running.master, 'workerRecycle');
    const client = await RawClient.connect(running.port);
    client.send('recycle\n');
    expect(await recycle).toEqual([expect.objectContaining({ pid: old }), 'asked for by the test']);
    expect(pids(running.master)).toEqual([old]);
    await ready;
    client.end();
    await until(() => !isAlive(old));
    expect(pids(running.master)).toHaveLength(1);
  });

  test('by slot', async () => {
    await using running = await start({ workers: 2 });
    const [first, second] = pids(running.master);
    await running.master.recycle(2);
    expect(pids(running.master)).toEqual([first, expect.any(Number)]);
    expect(pids(running.master)).not.toContain(second);
    await expect(running.master.recycle(7)).rejects.toThrow('there is no worker 7');
  });
});

describe('the stop', () => {
  test('graceful: lets an open echo finish, and takes no new connections', async () => {
    await using running = await start();
    const client = await RawClient.connect(running.port);
    client.send('hello\n');
    await client.until('hello');
    const stopped = running.master.stop();
    client.send('more\n');
    await client.until('more');
    expect(running.master.status().state).toBe('stopping');
    client.end();
    await stopped;
    expect(running.master.status()).toMatchObject({ state: 'stopped' });
    expect(await attempt({ host: '127.0.0.1', port: running.port })).toBe('ECONNREFUSED');
  });

  test.each(['inherited', 'reuseport'] as const)(
    'graceful: whoever comes meanwhile is refused, and does not wait for nobody (%s)',
    async (sharing) => {
      await using running = await start({ workers: 2, sharing });
      const client = await RawClient.connect(running.port);
      client.send('hello\n');
      await client.until('hello');
      const stopped = running.master.stop();
      const newcomer = { host: '127.0.0.1', port: running.port };
      await expect.poll(() => attempt(newcomer)).toBe('ECONNREFUSED');
      client.send('still here\n');
      await client.until('still here');
      expect(running.master.status()).toMatchObject({ state: 'stopping', queues: [] });
      client.end();
      await stopped;
    },
  );

  test('graceful: a worker that does not come to an end is killed when the time is up', async () => {
    await using running = await start({ worker: echo({ stubborn: true }), gracefulTimeoutMs: 200 });
    const [pid] = pids(running.master) as [number];
    await running.master.stop();
    expect(isAlive(pid)).toBe(false);
    expect(running.log.text).toContain('was ended by SIGKILL: it took too long to stop');
  });

  test('quick: overtakes a graceful one', async () => {
    await using running = await start({
      worker: echo({ stubborn: true }),
      gracefulTimeoutMs: 60_000,
      quickTimeoutMs: 60_000,
    });
    const client = await RawClient.connect(running.port);
    const graceful = running.master.stop();
    await running.master.stop({ graceful: false });
    await graceful;
    await client.closed;
    expect(running.log.text).not.toContain('SIGKILL');
  });

  test('of a start that has failed: who was served already is not cut off', async () => {
    await using folder = await temporaryFolder();
    const when = join(folder.path, 'fail');
    const worker = echo({ failsFrom: { id: 2, when } });
    const master = createMaster({ listen: [loopback], worker, workers: 2 });
    const ready = event(master, 'workerReady');
    const started = master.start().catch((error: unknown) => error);
    await ready;
    const client = await RawClient.connect(portOf(master));
    client.send('hello\n');
    await client.until('hello');
    writeFileSync(when, '');
    await until(() => master.status().state === 'stopping');
    client.send('still here\n');
    await client.until('still here');
    client.end();
    expect(await started).toMatchObject({ code: 'worker-boot' });
    expect(master.status().state).toBe('stopped');
  });

  test('ends a reload that is under way', async () => {
    await using running = await start({ workers: 2 });
    const reload = running.master.reload().catch((error: unknown) => error);
    await event(running.master, 'workerSpawn');
    await running.master.stop();
    expect(await reload).toMatchObject({ code: 'stopped' });
    expect(running.log.text).not.toContain('error');
  });
});
