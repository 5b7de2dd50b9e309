import { describe, expect, test } from 'vitest';
import { WorkerProcess } from '../src/worker-process.ts';
import { FakeChild, FakeClock } from './support.ts';

const limits = {
  timeoutMs: 4000,
  bootTimeoutMs: 500,
  gracefulTimeoutMs: 300,
  retireTimeoutMs: 300,
  quickTimeoutMs: 100,
};

function create({ handshake = true, ...changes }: Partial<typeof limits> & { handshake?: boolean } = {}) {
  const clock = new FakeClock();
  const child = new FakeChild();
  const told: string[] = [];
  const observer = {
    timeout: () => void told.push('timeout'),
    recycle: (_worker: WorkerProcess, reason: string) => void told.push(`recycle ${reason}`),
  };
  const identity = { id: 2, generation: 1, handshake };
  const worker = new WorkerProcess(child, identity, { ...limits, ...changes }, clock, observer);
  return { clock, child, worker, told };
}

describe('boot', () => {
  test('ends when the worker says that it is ready', async () => {
    const { clock, child, worker } = create();
    child.say('ready');
    await worker.booted;
    expect(worker.state).toBe('ready');
    await clock.pass(limits.bootTimeoutMs);
    expect(child.signals).toEqual([]);
  });

  test('of a program without a handshake ends when it has been started; its silence means nothing', async () => {
    const { clock, child, worker } = create({ handshake: false });
    child.emit('spawn');
    await worker.booted;
    await clock.pass(1_000_000);
    expect(worker.state).toBe('ready');
  });

  test('that takes too long is killed', async () => {
    const { clock, child, worker } = create();
    await clock.pass(limits.bootTimeoutMs);
    expect(child.signals).toEqual(['SIGKILL']);
    child.exit(null, 'SIGKILL');
    await expect(worker.booted).rejects.toMatchObject({ code: 'worker-boot-timeout', exitCode: 3 });
  });

  test.each([
    ['the application', true, 'application', 4],
    ['the worker', false, 'worker-boot', 3],
  ])('failure of %s is told in its own words', async (_whose, application, code, exitCode) => {
    const { child, worker } = create();
    child.say('fail', { failure: { message: 'no such table', stack: 'Error: at x', application } });
    child.exit(exitCode);
    await expect(worker.booted).rejects.toMatchObject({
      code,
      exitCode,
      message: 'worker 2 (pid 4711) failed to boot: no such table',
      cause: expect.objectContaining({ stack: 'Error: at x' }),
    });
  });

  test('failure without a word: the exit code or the signal is told', async () => {
    const { child, worker } = create();
    child.exit(7);
    await expect(worker.booted).rejects.toThrow('failed to boot: it exited with code 7 before it was ready');
    const other = create();
    other.child.exit(null, 'SIGSEGV');
    await expect(other.worker.booted).rejects.toThrow('it was ended by SIGSEGV before it was ready');
  });

  test('exit code 4 without a word is the application', async () => {
    const { child, worker } = create();
    child.exit(4);
    await expect(worker.booted).rejects.toMatchObject({ code: 'application' });
  });

  test('last words that come after the exit are heard', async () => {
    const { child, worker } = create();
    child.emit('exit', 4, null);
    child.say('fail', { failure: { message: 'late words', application: true } });
    child.emit('close', 4, null);
    await expect(worker.booted).rejects.toThrow('late words');
  });

  test('a channel that does not close holds nothing up for long', async () => {
    const { clock, child, worker } = create();
    child.emit('exit', 1, null);
    await clock.pass(1000);
    expect(worker.state).toBe('gone');
  });

  test('a program that cannot be started is told', async () => {
    const { child, worker } = create();
    child.pid = undefined;
    child.emit('error', new Error('spawn prog ENOENT'));
    await expect(worker.booted).rejects.toThrow('spawn prog ENOENT');
    await expect(worker.exited).resolves.toMatchObject({ code: null, servedMs: undefined });
  });
});

describe('heartbeat', () => {
  test('keeps the worker in service', async () => {
    const { clock, child, worker, told } = create();
    child.say('ready');
    for (let beat = 0; beat < 20; beat++) {
      await clock.pass(1000);
      child.say('beat');
    }
    expect(worker.state).toBe('ready');
    expect(told).toEqual([]);
  });

  test('missing for the timeout: ABRT, then KILL', async () => {
    const { clock, child, worker, told } = create();
    child.say('ready');
    child.say('report', { stats: { serving: 'GET /slow' } });
    await clock.pass(3999);
    expect(child.signals).toEqual([]);
    await clock.pass(1);
    expect(told).toEqual(['timeout']);
    expect(worker.report).toEqual({ serving: 'GET /slow' });
    expect(child.signals).toEqual(['SIGABRT']);
    await clock.pass(1000);
    expect(child.signals).toEqual(['SIGABRT', 'SIGKILL']);
    child.exit(null, 'SIGKILL');
    await expect(worker.exited).resolves.toMatchObject({
      signal: 'SIGKILL',
      expected: false,
      servedMs: 5000,
    });
  });

  test('missing because the master slept: the beats that wait to be read save the worker', async () => {
    const { clock, child, worker } = create();
    child.say('ready');
    // A timer that fires late, as after a suspension: what the worker has sent meanwhile is read next.
    await clock.pass(2000);
    child.say('beat');
    await clock.pass(3999);
    expect(worker.state).toBe('ready');
  });

  test('is not asked for with a timeout of 0', async () => {
    const { clock, child, worker } = create({ timeoutMs: 0 });
    child.say('ready');
    await clock.pass(10_000_000);
    expect(worker.state).toBe('ready');
  });
});

describe('stop', () => {
  test('graceful: told over the channel and by TERM, killed when the time is up', async () => {
    const { clock, child, worker } = create();
    child.say('ready');
    worker.stop(true);
    expect(child.received).toEqual([{ prefork: 'stop', graceful: true }]);
    expect(child.signals).toEqual(['SIGTERM']);
    await clock.pass(299);
    expect(child.signals).toEqual(['SIGTERM']);
    await clock.pass(1);
    expect(child.signals).toEqual(['SIGTERM', 'SIGKILL']);
    child.exit(null, 'SIGKILL');
    await expect(worker.exited).resolves.toMatchObject({ expected: true });
  });

  test('quick: overtakes a graceful one', async () => {
    const { clock, child, worker } = create();
    child.say('ready');
    worker.stop(true);
    await clock.pass(50);
    worker.stop(false);
    expect(child.received).toEqual([
      { prefork: 'stop', graceful: true },
      { prefork: 'stop', graceful: false },
    ]);
    await clock.pass(100);
    expect(child.signals).toContain('SIGKILL');
  });

  test('a graceful one does not prolong a quick one', async () => {
    const { clock, child, worker } = create();
    child.say('ready');
    worker.stop(false);
    worker.stop(true);
    await clock.pass(100);
    expect(child.signals).toContain('SIGKILL');
  });

  test('while booting is quick, and the boot ends as stopped', async () => {
    const { clock, child, worker } = create();
    worker.stop(true);
    child.say('ready');
    expect(worker.state).toBe('stopping');
    await clock.pass(100);
    expect(child.signals).toEqual(['SIGTERM', 'SIGKILL']);
    child.exit(null, 'SIGKILL');
    await expect(worker.booted).rejects.toMatchObject({ code: 'stopped' });
  });

  test('of a worker that is being killed for its silence leaves that as it is', async () => {
    const { clock, child, worker } = create();
    child.say('ready');
    await clock.pass(4000);
    worker.stop(true);
    expect(worker.state).toBe('aborting');
    await clock.pass(1000);
    expect(child.signals).toEqual(['SIGABRT', 'SIGKILL']);
  });
});

describe('retirement', () => {
  const retired = (options: Parameters<typeof create>[0] = {}): ReturnType<typeof create> => {
    const parts = create({ timeoutMs: 0, retireTimeoutMs: 5000, ...options });
    parts.child.say('ready');
    parts.worker.retire();
    return parts;
  };
  const stop = { prefork: 'stop', graceful: true };

  test('is told over the channel; a quick stop follows when its time is over, then KILL', async () => {
    const { clock, child, worker } = retired();
    expect(worker.state).toBe('retired');
    expect(child.received).toEqual([{ ...stop, retired: true }]);
    await clock.pass(4999);
    expect(child.signals).toEqual([]);
    await clock.pass(1);
    expect(child.received[1]).toEqual({ ...stop, graceful: false });
    await clock.pass(99);
    expect(child.signals).toEqual(['SIGTERM']);
    await clock.pass(1);
    expect(child.signals).toEqual(['SIGTERM', 'SIGKILL']);
    child.exit(null, 'SIGKILL');
    await expect(worker.exited).resolves.toMatchObject({ expected: true });
  });

  test('counts as finished when requests have had their time, or at its exit', async () => {
    const { clock, worker } = retired();
    const other = retired();
    let finished = '';
    void worker.finished.then(() => (finished += 'time'));
    void other.worker.finished.then(() => (finished += 'exit '));
    other.child.exit(0);
    await clock.pass(299);
    expect(finished).toBe('exit ');
    await clock.pass(1);
    expect(finished).toBe('exit time');
  });

  test('a graceful stop ends it in the time that this has, from then on', async () => {
    const { clock, child, worker } = retired();
    await clock.pass(4900);
    worker.stop(true);
    expect(child.received[1]).toEqual(stop);
    await clock.pass(299);
    expect(child.signals).toEqual(['SIGTERM']);
    await clock.pass(1);
    expect(child.signals).toEqual(['SIGTERM', 'SIGKILL']);
  });

  test('ended before its time: gracefully while it may have requests, quickly later', async () => {
    const early = retired();
    early.worker.endRetirement();
    expect(early.child.received[1]).toEqual(stop);
    const late = retired();
    await late.clock.pass(300);
    late.worker.endRetirement();
    expect(late.child.received[1]).toEqual({ ...stop, graceful: false });
  });

  test('does not end the watch over its heartbeat', async () => {
    const { clock, child, told } = retired({ timeoutMs: 1000, retireTimeoutMs: 1_000_000 });
    for (let beat = 0; beat < 10; beat++) {
      await clock.pass(900);
      child.say('beat');
    }
    expect(told).toEqual([]);
    await clock.pass(1000);
    expect(told).toEqual(['timeout']);
    await clock.pass(1000);
    expect(child.signals).toEqual(['SIGABRT', 'SIGKILL']);
  });

  test('is an ordinary stop where it may last no longer, and for one that boots', async () => {
    const short = retired({ retireTimeoutMs: 200 });
    expect(short.worker.state).toBe('stopping');
    expect(short.child.received).toEqual([stop]);
    const booting = create({ retireTimeoutMs: 5000 });
    booting.worker.retire();
    expect(booting.worker.state).toBe('stopping');
  });

  test('a program without a channel is told by TERM', () => {
    const parts = create({ handshake: false, retireTimeoutMs: 5000 });
    parts.child.connected = false;
    parts.child.emit('spawn');
    parts.worker.retire();
    parts.worker.retire();
    expect(parts.child.signals).toEqual(['SIGTERM']);
    expect(parts.worker.state).toBe('retired');
  });
});

test('log files are opened anew over the channel, or by USR1 where there is none', () => {
  const { child, worker } = create();
  child.say('ready');
  worker.reopenLogs();
  expect(child.received).toEqual([{ prefork: 'reopen-logs' }]);
  expect(child.signals).toEqual([]);

  const other = create({ handshake: false });
  other.child.connected = false;
  other.child.emit('spawn');
  other.worker.reopenLogs();
  expect(other.child.signals).toEqual(['SIGUSR1']);
});

test('messages of the application are none of ours', () => {
  const { child, worker, told } = create();
  for (const message of [null, 'ready', 7, [], { type: 'ready' }, { prefork: 'nonsense' }])
    child.emit('message', message);
  expect(worker.state).toBe('booting');
  child.say('recycle', { reason: 'old' });
  expect(told).toEqual(['recycle old']);
});
