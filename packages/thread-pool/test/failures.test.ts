import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Program, temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { ThreadError, threadPool, UsageError } from '../src/index.ts';
import {
  bodyOf,
  execArgv,
  fixture,
  request,
  serve,
  shutGate,
  statusOf,
  TestClock,
  TestLog,
  until,
} from './support.ts';

describe('an application that fails', () => {
  test('gets 500 for its client, and its error into the log: message, stack, code and cause', async () => {
    await using server = await serve();
    const answer = await server.get('/throw');
    expect(statusOf(answer)).toBe(500);
    expect(answer).not.toContain('boom');
    const err = server.log.entries.find(({ level }) => level === 'error')?.err;
    expect(err).toMatchObject({ name: 'TypeError', message: 'boom in the thread', code: 'BOOM' });
    expect(err?.stack).toContain('fixtures/app.ts');
    expect(err?.cause).toMatchObject({ message: 'deep down' });
    expect(statusOf(await server.get('/'))).toBe(200);
    expect(server.pool.stats().threads[0]?.replaced).toBe(0);
  });

  test('behind its head has the connection cut', async () => {
    await using server = await serve();
    const answer = await server.get('/throw-late');
    expect(answer).toContain('half');
    expect(answer).not.toContain('0\r\n\r\n');
    expect(server.log.entries.map(({ err }) => err?.message)).toContain('boom behind the head');
  });

  test.each([
    ['/twice', 'START_RESPONSE_TWICE'],
    ['/not-started', 'NO_START_RESPONSE'],
    ['/no-body', 'BAD_BODY'],
    ['/flood', 'WRITE_OVERFLOW'],
  ])('the protocol is told so: %s', async (path, code) => {
    await using server = await serve();
    const answer = await server.get(path);
    expect(answer.endsWith('0\r\n\r\n')).toBe(false);
    expect(server.log.codes).toEqual([code]);
    expect(statusOf(await server.get('/'))).toBe(200);
  });

  test('its server, by a head that it refuses, frees its place', async () => {
    await using server = await serve();
    expect(statusOf(await server.get('/bad-header'))).toBe(500);
    expect(statusOf(await server.get('/'))).toBe(200);
  });

  test('in close() has had its answer', async () => {
    await using server = await serve();
    expect(bodyOf(await server.get('/bad-close'))).toBe('fine');
    await until(() => server.log.entries.some(({ err }) => err?.message === 'boom in close'));
    expect(statusOf(await server.get('/'))).toBe(200);
  });
});

describe('a thread that dies', () => {
  test.each([
    ['by an error that nobody catches', '/crash', 'uncaught in the thread'],
    ['by process.exit', '/exit', 'exit code 7'],
  ])('%s is replaced; its request gets 500', async (_how, path, because) => {
    await using gate = await shutGate();
    await using server = await serve({ threads: 2 });
    const other = server.get(`/wait?gate=${gate.path}`);
    await until(() => server.pool.stats().active === 1);
    expect(statusOf(await server.get(path))).toBe(500);
    expect(server.log.codes).toContain('THREAD_DIED');
    expect(server.log.entries.map(({ err }) => err?.message).join('\n')).toContain(because);
    gate.open();
    expect(statusOf(await other)).toBe(200);
    await until(() => server.pool.stats().threads.every(({ state }) => state === 'ready'));
    expect(server.pool.stats().threads.map(({ replaced }) => replaced)).toEqual([0, 1]);
    expect(statusOf(await server.get('/'))).toBe(200);
  });

  test('behind its answer has given it', async () => {
    await using server = await serve({ backoff: { firstMs: 1 } });
    for (let turn = 0; turn < 5; turn++) {
      const answer = await server.get('/last-words');
      expect(bodyOf(answer)).toBe('x'.repeat(30_000));
      await until(() => server.pool.stats().threads[0]?.replaced === turn + 1);
    }
  });

  test('by its memory limit is replaced, and the process lives', async () => {
    await using server = await serve({ resourceLimits: { maxOldGenerationSizeMb: 32 } });
    expect(statusOf(await server.get('/memory'))).toBe(500);
    expect(statusOf(await server.get('/'))).toBe(200);
    expect(server.pool.stats().threads[0]?.replaced).toBe(1);
  });

  test('behind a head cuts that connection', async () => {
    await using server = await serve({ timeoutMs: 2000 });
    const answer = await server.get('/block-late');
    expect(answer).toContain('half');
    expect(answer).not.toContain('0\r\n\r\n');
    expect(server.log.codes).toContain('THREAD_BLOCKED');
    expect(statusOf(await server.get('/'))).toBe(200);
  });
});

test('a replacement that does not come up is tried again, at growing intervals, while requests wait', async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, 'broken');
  const thread = { script: fixture('flaky-thread.ts'), data: { file } };
  await using server = await serve({ thread, queueTimeoutMs: 100, backoff: { firstMs: 50 } });
  await writeFile(file, '');
  expect(statusOf(await server.get('/'))).toBe(500);
  expect(statusOf(await server.get('/'))).toBe(503);
  await until(() => server.log.entries.some(({ message }) => message.includes('in 100 ms')));
  await rm(file);
  await until(() => server.pool.stats().threads[0]?.state === 'ready');
  expect(statusOf(await server.get('/still'))).toBe(200);
  const replacements = server.log.entries.filter(({ message }) => message.startsWith('a thread is replaced'));
  expect(replacements.slice(0, 3).map(({ message, err }) => `${message}: ${err?.code}`)).toEqual([
    'a thread is replaced in 0 ms: THREAD_DIED',
    'a thread is replaced in 50 ms: BOOT_FAILED',
    'a thread is replaced in 100 ms: BOOT_FAILED',
  ]);
});

describe('a thread that blocks', () => {
  test('past its time is replaced; its request gets 504, the others their answers', async () => {
    await using server = await serve({ threads: 2, timeoutMs: 2000 });
    const blocked = server.get('/spin');
    await until(() => server.pool.stats().active === 1);
    expect(statusOf(await server.get('/'))).toBe(200);
    const other = server.get('/wait?ms=3000');
    expect(statusOf(await blocked)).toBe(504);
    expect(statusOf(await other)).toBe(200);
    await until(() => server.pool.stats().threads.every(({ state }) => state === 'ready'));
    expect(server.pool.stats().threads.map(({ replaced }) => replaced)).toEqual([1, 0]);
  });

  test('is not one that waits: a request may take longer than the time', async () => {
    await using server = await serve({ timeoutMs: 2000 });
    expect(statusOf(await server.get('/wait?ms=3000'))).toBe(200);
    expect(server.pool.stats().threads[0]?.replaced).toBe(0);
  });

  test('is not judged by a loop that was blocked itself: the sign of life may be waiting there', async () => {
    const clock = new TestClock();
    await using gate = await shutGate();
    await using server = await serve({ timeoutMs: 1000, clock });
    const answer = server.get(`/wait?gate=${gate.path}`);
    await until(() => server.pool.stats().active === 1);
    clock.advance(250);
    clock.stall(5000);
    expect(server.pool.stats().threads).toMatchObject([{ state: 'ready', active: 1, replaced: 0 }]);
    gate.open();
    expect(statusOf(await answer)).toBe(200);
  });

  test('is not one that computes for less than the time', async () => {
    await using server = await serve({ timeoutMs: 4000 });
    expect(statusOf(await server.get('/block?ms=300'))).toBe(200);
  });
});

describe('a pool', () => {
  test.each([
    ['throws when it is loaded', { script: fixture('broken-load.ts') }, 'the database is down'],
    ['throws at its top level', { script: fixture('broken-script.ts') }, 'thrown before'],
    ['is of another shape', { script: fixture('asgi-thread.ts') }, 'of the shape asgi'],
    ['exits', { script: fixture('broken-exit.ts') }, 'exit code 3'],
    [
      'exports no application',
      { module: fixture('app.ts'), export: 'notAnApplication' },
      'no function notAn',
    ],
    ['is not there', { module: fixture('missing.ts') }, 'missing.ts'],
  ])('does not start with an application that %s', async (_what, thread, because) => {
    const pool = threadPool({ thread, threads: 2, execArgv, log: new TestLog() });
    const error = await pool.start().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ThreadError);
    expect(error).toMatchObject({ code: 'BOOT_FAILED', message: expect.stringContaining(because) });
  });

  test('does not wait for an application that never comes up', async () => {
    const pool = threadPool({
      thread: { script: fixture('never-ready.ts') },
      threads: 1,
      execArgv,
      bootTimeoutMs: 300,
    });
    await expect(pool.start()).rejects.toMatchObject({ code: 'BOOT_TIMEOUT' });
  });

  test('rejects with the error of the application as its cause', async () => {
    const pool = threadPool({ thread: { script: fixture('broken-load.ts') }, threads: 1, execArgv });
    const error = (await pool.start().catch((error: unknown) => error)) as ThreadError;
    expect(error.cause).toMatchObject({ name: 'RangeError', message: 'the database is down' });
    expect((error.cause as Error).stack).toContain('broken-load.ts');
  });

  test('that is closed before it is up says so, and leaves no thread', async () => {
    const pool = threadPool({ thread: { module: fixture('app.ts') }, threads: 2, execArgv });
    const started = pool.start().catch((error: unknown) => error);
    await pool.close();
    expect(await started).toMatchObject({ code: 'POOL_CLOSED' });
    expect(pool.stats().threads.map(({ state }) => state)).toEqual(['down', 'down']);
  });

  test('that was not started says so, and so does one that is started twice', async () => {
    const pool = threadPool({ thread: { module: fixture('app.ts') }, threads: 1, execArgv });
    expect(() => pool({} as never, () => () => undefined)).toThrow(UsageError);
    await pool.start();
    await expect(pool.start()).rejects.toMatchObject({ code: 'STARTED_TWICE' });
    await pool.close();
  });
});

describe('the end of a pool', () => {
  test('drained: what runs and what waits is finished, the rest is refused, the threads stop by themselves', async () => {
    await using gate = await shutGate();
    const log = new TestLog();
    await using server = await serve({
      thread: { script: fixture('script-thread.ts'), data: { name: 'Ann', gate: gate.path } },
      log,
    });
    const running = server.get('/wait');
    await until(() => server.pool.stats().active === 1);
    const waiting = server.get('/');
    await until(() => server.pool.stats().queued === 1);
    const drained = server.pool.drain();
    expect(statusOf(await server.get('/'))).toBe(503);
    gate.open();
    expect(bodyOf(await running)).toBe('Hello, Ann');
    expect(bodyOf(await waiting)).toBe('Hello, Ann');
    await drained;
    expect(server.pool.stats().threads).toMatchObject([{ state: 'down', replaced: 0 }]);
    expect(log.entries).toEqual([]);
  });

  test('drained for too long: the rest is cut off', async () => {
    await using server = await serve();
    const client = await server.connect();
    client.send(request('GET', '/endless'));
    await client.until('tick');
    await server.pool.drain(50);
    await client.closed;
    expect(client.received).not.toContain('0\r\n\r\n');
  });

  test('leaves nothing behind: no ports, no timers, no threads; also after deaths and a thousand requests', async () => {
    const script = fixture('leave-nothing.ts').pathname;
    await using program = new Program(process.execPath, [...execArgv, script]);
    expect(await program.exited, program.output).toBe(0);
    const { before, during, after, listeners } = JSON.parse(program.stdout) as Record<string, unknown>;
    expect(during).toContain('MessagePort');
    expect(after).toEqual(before);
    expect(listeners).toEqual([0, 0]);
  });
});
