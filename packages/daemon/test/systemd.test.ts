import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { missingPeers, Program, temporaryFolder } from '@highball/testkit';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createNotifier, type NotifierOptions, type RunProgram } from '../src/systemd.ts';

const SOCKET = { NOTIFY_SOCKET: '/run/nowhere' };

/** Notes what would be run; `finish` lets the program under way end. */
function fakeRun(): { sent: string[][]; run: RunProgram; finish: (error?: Error) => void } {
  const sent: string[][] = [];
  const ends: ((error: Error | null) => void)[] = [];
  const run: RunProgram = (file, args, _, done) => {
    expect(file).toBe('systemd-notify');
    sent.push([...args]);
    ends.push(done);
  };
  return { sent, run, finish: (error) => ends.shift()?.(error ?? null) };
}

function notifierWith(
  options: NotifierOptions = {},
): ReturnType<typeof fakeRun> & { notifier: ReturnType<typeof createNotifier> } {
  const fake = fakeRun();
  const notifier = createNotifier({ env: SOCKET, run: fake.run, monotonicUsec: () => 77n, ...options });
  return { ...fake, notifier };
}

afterEach(() => {
  vi.useRealTimers();
});

test('without a socket nothing is run', async () => {
  for (const env of [{}, { NOTIFY_SOCKET: '' }, { NOTIFY_SOCKET: 'relative' }]) {
    const { notifier, sent } = notifierWith({ env });
    notifier.notify({ ready: true });
    await notifier.flushed();
    expect(notifier.active).toBe(false);
    expect(sent).toEqual([]);
  }
});

test.each([
  [{ ready: true, status: 'serves' }, ['READY=1', 'STATUS=serves']],
  [{ reloading: true }, ['RELOADING=1', 'MONOTONIC_USEC=77']],
  [{ stopping: true }, ['STOPPING=1']],
  [{ mainPid: 4711 }, ['MAINPID=4711']],
  [{ watchdog: true }, ['WATCHDOG=1']],
  [{ status: '--pid\nMAINPID=1\0x' }, ['STATUS=--pid MAINPID=1 x']],
])('%j is one message', (state, args) => {
  const { notifier, sent } = notifierWith();
  notifier.notify(state);
  expect(sent).toEqual([args]);
});

test('messages go one by one, in their order', async () => {
  const { notifier, sent, finish } = notifierWith();
  notifier.notify({ reloading: true });
  notifier.notify({ ready: true });
  expect(sent).toHaveLength(1);
  finish();
  await expect.poll(() => sent).toHaveLength(2);
  finish();
  await notifier.flushed();
  expect(sent.map(([first]) => first)).toEqual(['RELOADING=1', 'READY=1']);
});

test('a systemd that does not answer does not fill the memory', async () => {
  const { notifier, sent, finish } = notifierWith();
  for (let i = 0; i < 1000; i++) notifier.notify({ status: String(i) });
  for (let i = 1; i <= 17; i++) {
    await expect.poll(() => sent).toHaveLength(i);
    finish();
  }
  await notifier.flushed();
  expect(sent).toHaveLength(17);
  expect(sent.at(-1)).toEqual(['STATUS=999']);
});

test('where systemd-notify is missing there is one warning, and no second attempt', async () => {
  const warn = vi.fn<(message: string) => void>();
  const { notifier, sent, finish } = notifierWith({ warn });
  notifier.notify({ ready: true });
  notifier.notify({ status: 'x' });
  finish(Object.assign(new Error('spawn'), { code: 'ENOENT' }));
  await notifier.flushed();
  notifier.notify({ stopping: true });
  expect(sent).toHaveLength(1);
  expect(warn.mock.calls).toEqual([[expect.stringContaining('systemd-notify is not in the PATH')]]);
});

describe('the watchdog', () => {
  test.each([
    [{ WATCHDOG_USEC: '3000000' }, 1500],
    [{ WATCHDOG_USEC: '3000000', WATCHDOG_PID: '12' }, 1500],
    [{ WATCHDOG_USEC: '3000000', WATCHDOG_PID: '13' }, undefined],
    [{ WATCHDOG_USEC: 'often' }, undefined],
    [{}, undefined],
  ])('of %j', (env, interval) => {
    expect(notifierWith({ env: { ...SOCKET, ...env }, pid: 12 }).notifier.watchdogMs).toBe(interval);
  });

  test('gets a sign of life at half its time while the service is healthy', async () => {
    vi.useFakeTimers();
    const { notifier, sent, finish } = notifierWith({ env: { ...SOCKET, WATCHDOG_USEC: '2000000' } });
    let healthy = true;
    const end = notifier.startWatchdog(() => healthy);
    await vi.advanceTimersByTimeAsync(1000);
    expect(sent).toEqual([['WATCHDOG=1']]);
    finish();
    healthy = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect(sent).toHaveLength(1);
    healthy = true;
    end();
    await vi.advanceTimersByTimeAsync(5000);
    expect(sent).toHaveLength(1);
  });
});

describe('real programs', () => {
  test('get each assignment as an argument of its own, without a shell', async () => {
    await using folder = await temporaryFolder();
    const log = join(folder.path, 'log');
    await writeFile(
      join(folder.path, 'systemd-notify'),
      `#!/bin/sh\nfor a in "$@"; do echo "$a" >> ${log}; done\n`,
    );
    await chmod(join(folder.path, 'systemd-notify'), 0o755);
    // execFile looks for programs in the PATH of the environment that it is given.
    const notifier = createNotifier({ env: { ...SOCKET, PATH: `${folder.path}:${process.env['PATH']}` } });
    notifier.notify({ ready: true, status: 'a $(touch /tmp/no) `b`; c' });
    await notifier.flushed();
    expect(await readFile(log, 'utf8')).toBe('READY=1\nSTATUS=a $(touch /tmp/no) `b`; c\n');
  });

  test('systemd-notify itself brings the messages to a datagram socket', async (context) => {
    const missing = missingPeers('python3', 'systemd-notify');
    context.skip(missing !== undefined, missing);
    await using folder = await temporaryFolder();
    const socket = join(folder.path, 'notify');
    await using receiver = new Program('python3', [
      join(import.meta.dirname, 'fixtures/receiver.py'),
      socket,
    ]);
    await receiver.until(/bound/);
    const warn = vi.fn<(message: string) => void>();
    const notifier = createNotifier({ env: { ...process.env, NOTIFY_SOCKET: socket }, warn });
    notifier.notify({ ready: true, status: 'serves 127.0.0.1:8000' });
    notifier.notify({ reloading: true });
    notifier.notify({ stopping: true });
    await notifier.flushed();
    expect(warn).not.toHaveBeenCalled();
    await receiver.until(/STOPPING/);
    expect(receiver.stdout).toMatch(/'READY=1\\nSTATUS=serves 127\.0\.0\.1:8000'/);
    expect(receiver.stdout).toMatch(/RELOADING=1\\nMONOTONIC_USEC=\d+/);
  });
});
