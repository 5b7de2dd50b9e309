import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RawClient, temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { createMaster, type Master, type MasterOptions } from '../src/index.ts';
import { ask, attempt, echo, event, isAlive, loopback, pids, portOf, start, until } from './support.ts';

describe('service', () => {
  test('workers serve on the socket that the master has bound', async () => {
    await using running = await start({ workers: 2 });
    const [id, pid] = (await ask(running.port, 'who')).split(' ');
    expect(['1', '2']).toContain(id);
    expect(pids(running.master)).toHaveLength(2);
    expect(pids(running.master)).toContain(Number(pid));
  });

  test('on several addresses at once, a Unix socket among them', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'x.sock');
    await using running = await start({ listen: [loopback, loopback, { path, mode: 0o600 }] });
    expect(running.master.status().addresses[2]).toBe(`unix:${path}`);
    for (const to of [running.port, portOf(running.master, 1), path])
      expect(await ask(to, 'hello')).toBe('hello');
    await running.master.stop();
    expect(existsSync(path)).toBe(false);
  });

  test('data reaches the worker', async () => {
    const greeting = 'x'.repeat(300_000);
    await using running = await start({ worker: echo({ greeting }) });
    const client = await RawClient.connect(running.port);
    expect(await client.until('\n')).toBe(`${greeting}\n`);
    client.destroy();
  });

  test('any program can be a worker', async () => {
    const serve = `require('node:net').createServer((s) => s.end('from ' + process.pid + '\\n')).listen({ fd: 3 })`;
    await using running = await start({ worker: { command: process.execPath, args: ['-e', serve] } });
    expect(await ask(running.port, '')).toBe(`from ${pids(running.master)[0]}`);
    await running.master.reload();
    expect(await ask(running.port, '')).toBe(`from ${pids(running.master)[0]}`);
  });

  test('workers are asked, those that finish their work as well, and each has its own answer', async () => {
    // Balanced, so that each of them gets a connection before long.
    await using running = await start({ workers: 2, worker: echo({ balance: true }) });
    const { master } = running;
    const question = { tag: 'ü' };
    const replies = await master.ask(question);
    expect(replies.map(({ worker }) => worker.pid)).toEqual(pids(master));
    expect(replies.map(({ reply }) => reply)).toEqual([
      { answer: { asked: question, id: 1, connections: 0 } },
      { answer: { asked: question, id: 2, connections: 0 } },
    ]);
    expect((await master.ask('fail')).map(({ reply }) => reply)).toEqual([
      { problem: 'this is no question' },
      { problem: 'this is no question' },
    ]);
    const [late] = await master.ask('wait', { timeoutMs: 20 });
    expect(late?.reply).toEqual({ problem: 'it has not answered within 20 ms' });
    // Each has one to serve to the end, so whichever is stopped stays for a while.
    const clients = new Map<string, RawClient[]>();
    while (clients.size < 2) {
      const client = await RawClient.connect(running.port);
      client.send('who\n');
      const [id = ''] = (await client.until('\n')).split(' ');
      clients.set(id, [...(clients.get(id) ?? []), client]);
    }
    const scaled = master.scale(1);
    await until(() => pids(master, 'stopping').length === 1);
    expect(await master.ask('now')).toHaveLength(2);
    for (const client of [...clients.values()].flat()) client.destroy();
    await scaled;
  });

  test('a worker that ends, or answers no questions, is told as such', async () => {
    await using running = await start({ workers: 1 });
    const waiting = running.master.ask('wait');
    await ask(running.port, 'crash').catch(() => undefined);
    expect((await waiting)[0]?.reply).toEqual({ problem: 'it has ended' });
    const serve = `require('node:net').createServer((s) => s.end()).listen({ fd: 3 })`;
    await using mute = await start({ worker: { command: process.execPath, args: ['-e', serve] } });
    expect((await mute.master.ask('anything', { timeoutMs: 20 }))[0]?.reply).toHaveProperty('problem');
  });

  test('the status tells who serves, since when, and what the workers report', async () => {
    await using running = await start({ workers: 2 });
    running.master.reopenLogs();
    await until(() => running.master.status().workers.every(({ report }) => report !== undefined));
    expect(running.master.status()).toMatchObject({
      state: 'running',
      pid: process.pid,
      size: 2,
      generation: 1,
      reloading: false,
      addresses: [`127.0.0.1:${running.port}`],
      workers: [1, 2].map((id) => ({
        id,
        state: 'ready',
        generation: 1,
        restarts: 0,
        crashes: 0,
        retryInMs: undefined,
        ageMs: expect.any(Number),
        report: { reopened: true },
      })),
    });
  });

  test('a listener that throws harms nobody', async () => {
    const lines: string[] = [];
    const say = (_fields: object, message: string): void => void lines.push(message);
    const master = createMaster({
      listen: [loopback],
      worker: echo(),
      workers: 1,
      log: { info: say, warn: say, error: say },
    });
    master.on('workerReady', () => {
      throw new Error('my mistake');
    });
    await master.start();
    expect(lines).toContain('a listener of workerReady has thrown: Error: my mistake');
    await master.stop({ graceful: false });
  });
});

describe('a worker that fails', () => {
  test('killed: is replaced at once, under its id', async () => {
    await using running = await start({ workers: 2 });
    const [first] = pids(running.master) as [number];
    const ready = event(running.master, 'workerReady');
    process.kill(first, 'SIGKILL');
    expect(await ready).toEqual([{ id: 1, pid: expect.any(Number), generation: 1 }]);
    expect(pids(running.master)).toHaveLength(2);
    expect(isAlive(first)).toBe(false);
    expect(running.log.text).toContain(`warn worker 1 (pid ${first}) was ended by SIGKILL unasked`);
  });

  test('all of them killed at once: a connection waits and is served', async () => {
    await using running = await start({ workers: 2 });
    const killed = pids(running.master);
    for (const pid of killed) process.kill(pid, 'SIGKILL');
    await until(() => killed.filter(isAlive).length === 0);
    expect(await ask(running.port, 'hello')).toBe('hello');
  });

  // Their time is long enough for a worker to give its signs of life on a busy machine.
  test.concurrent('blocked: is killed and replaced, and the log says what it was at', async () => {
    await using running = await start({ timeoutMs: 4000 });
    const [blocked] = pids(running.master) as [number];
    const timeout = event(running.master, 'workerTimeout');
    const client = await RawClient.connect(running.port);
    client.send('block\n');
    expect(await timeout).toEqual([{ id: 1, pid: blocked, generation: 1 }, { serving: 'block' }, '']);
    expect(await ask(running.port, 'hello')).toBe('hello');
    expect(isAlive(blocked)).toBe(false);
    expect(running.log.text).toContain(
      `error worker 1 (pid ${blocked}) gave no sign of life for 4000 ms and is replaced; its last report was {"serving":"block"}`,
    );
    client.destroy();
  });

  test.concurrent('stopped by SIGSTOP, deaf to ABRT: is killed all the same', async () => {
    await using running = await start({ timeoutMs: 4000 });
    const [frozen] = pids(running.master) as [number];
    const exit = event(running.master, 'workerExit');
    process.kill(frozen, 'SIGSTOP');
    expect(await exit).toEqual([
      expect.objectContaining({ pid: frozen }),
      expect.objectContaining({ signal: 'SIGKILL' }),
    ]);
    expect(await ask(running.port, 'hello')).toBe('hello');
  });

  test('exiting by itself again and again: the wait grows and the status shows it', async () => {
    await using running = await start({ backoff: { firstMs: 60_000, maxMs: 60_000 } });
    const waiting = event(running.master, 'workerBackoff');
    const crash = async (): Promise<void> => {
      const client = await RawClient.connect(running.port);
      client.send('crash\n');
      await client.closed;
    };
    await crash();
    await crash();
    expect(await waiting).toEqual([1, 60_000, 2]);
    const [worker] = running.master.status().workers;
    expect(worker).toMatchObject({ id: 1, pid: undefined, state: 'waiting', crashes: 2, restarts: 1 });
    expect(worker?.retryInMs).toBeGreaterThan(50_000);
    // Whoever mends the program does not have to wait.
    await running.master.reload();
    expect(await ask(running.port, 'hello')).toBe('hello');
  });
});

/** A start that is to fail, and the processes that it has started. */
async function failedStart(
  options: Partial<MasterOptions>,
): Promise<{ error: unknown; master: Master; spawned: number[] }> {
  const master = createMaster({ listen: [loopback], worker: echo(), workers: 2, ...options });
  const spawned: number[] = [];
  master.on('workerSpawn', ({ pid }) => void spawned.push(pid as number));
  const error = await master.start().then(
    () => undefined,
    (error: unknown) => error,
  );
  return { error, master, spawned };
}

describe('the start', () => {
  test.each<[string, Partial<MasterOptions>, object]>([
    ['a worker that fails', { worker: echo({ boot: 'fail' }) }, { code: 'worker-boot', exitCode: 3 }],
    [
      'an application that fails',
      { worker: echo({ boot: 'fail-application' }) },
      { code: 'application', exitCode: 4 },
    ],
    ['a worker that exits', { worker: echo({ boot: 'exit' }) }, { code: 'worker-boot', exitCode: 3 }],
    [
      'a worker that hangs',
      { worker: echo({ boot: 'hang' }), bootTimeoutMs: 400 },
      { code: 'worker-boot-timeout', exitCode: 3 },
    ],
    [
      'a program that is not there',
      { worker: { command: '/no/such/program' } },
      { code: 'worker-boot', exitCode: 3 },
    ],
    ['data that is no JSON', { worker: { command: 'true', data: 1n } }, { code: 'worker-boot', exitCode: 3 }],
  ])('is given up for %s; nothing is left', async (_why, options, expected) => {
    const { error, master, spawned } = await failedStart(options);
    expect(error).toMatchObject({ name: 'WorkerError', ...expected });
    expect(master.status()).toMatchObject({ state: 'stopped' });
    expect(spawned.length).toBeLessThanOrEqual(2);
    expect(spawned.filter((pid) => pid !== undefined && isAlive(pid))).toEqual([]);
    expect(await attempt({ host: '127.0.0.1', port: portOf(master) })).toBe('ECONNREFUSED');
  });

  test('is given up for an address in use, before any worker is started', async () => {
    await using running = await start();
    const { error, spawned } = await failedStart({ listen: [{ host: '127.0.0.1', port: running.port }] });
    expect(error).toMatchObject({
      code: 'address-in-use',
      exitCode: 3,
      message: `127.0.0.1:${running.port} is in use; stop the program that holds it or choose another --bind`,
    });
    expect(spawned).toEqual([]);
  });

  test('can be interrupted', async () => {
    const master = createMaster({ listen: [loopback], worker: echo({ boot: 'hang' }), workers: 1 });
    const spawned = event(master, 'workerSpawn');
    const started = master.start().catch((error: unknown) => error);
    const [worker] = (await spawned) as [{ pid: number }];
    await master.stop();
    expect(await started).toMatchObject({ code: 'stopped', exitCode: 0 });
    expect(isAlive(worker.pid)).toBe(false);
  });

  test('can be interrupted while it binds', async () => {
    const master = createMaster({ listen: [loopback], worker: echo(), workers: 1 });
    const started = master.start().catch((error: unknown) => error);
    await master.stop();
    expect(await started).toMatchObject({ code: 'stopped' });
    expect(master.status()).toMatchObject({ state: 'stopped', workers: [] });
  });

  test('lets connections wait until the first worker is ready', async () => {
    const master = createMaster({ listen: [loopback], worker: echo(), workers: 1 });
    const listening = event(master, 'listening');
    const started = master.start();
    await listening;
    const answer = ask(portOf(master), 'early');
    await started;
    expect(await answer).toBe('early');
    await master.stop({ graceful: false });
  });

  test('is needed before anything else', async () => {
    const master = createMaster({ listen: [loopback], worker: echo(), workers: 1 });
    await expect(master.reload()).rejects.toMatchObject({ name: 'MisuseError', code: 'invalid-state' });
    await master.stop();
    await expect(master.start()).rejects.toMatchObject({ code: 'stopped' });
  });
});
