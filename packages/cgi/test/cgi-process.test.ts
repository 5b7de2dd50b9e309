import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { CgiProcess } from '../src/cgi-process.ts';
import { ErrorBudget } from '../src/error-lines.ts';
import { ErrorText, TestClock } from './support.ts';

/** A process that does what the test says; without a pid nothing is signalled. */
class FakeChild extends EventEmitter {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly pid = undefined;
}

function run(child: FakeChild = new FakeChild()) {
  const clock = new TestClock();
  const calls: { program: string; args: readonly string[]; options: SpawnOptions }[] = [];
  let gone = 0;
  const process = new CgiProcess(
    {
      program: '/srv/p',
      args: ['a b', '$(x)'],
      env: { A: 'b' },
      body: undefined,
      errors: new ErrorText(),
      budget: new ErrorBudget({ clock, maxErrorLineBytes: 10, maxErrorLinesPerSecond: 10 }),
      onGone: () => void gone++,
    },
    {
      cwd: undefined,
      uid: 1000,
      gid: 1001,
      timeoutMs: 1000,
      killGraceMs: 100,
      clock,
      spawn: (program, args, options) => {
        calls.push({ program, args, options });
        return child as unknown as ChildProcess;
      },
    },
  );
  return { child, clock, calls, process, gone: () => gone };
}

describe('CgiProcess', () => {
  test('starts the program itself, without a shell, as the user of the options, in a group of its own', () => {
    const { calls } = run();
    expect(calls).toEqual([
      {
        program: '/srv/p',
        args: ['a b', '$(x)'],
        options: expect.objectContaining({
          cwd: '/srv',
          env: { A: 'b' },
          uid: 1000,
          gid: 1001,
          detached: true,
          shell: false,
        }) as SpawnOptions,
      },
    ]);
  });

  test('output that ends is whole though the program goes on for a while', async () => {
    const { child, process, clock, gone } = run();
    child.stdout.end('all');
    expect(String(await process.read())).toBe('all');
    const end = process.read();
    await new Promise((resolve) => setImmediate(resolve));
    clock.move(100);
    expect(await end).toBeUndefined();
    expect(gone()).toBe(0);
    child.emit('exit', 0, null);
    expect(gone()).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test('output of a program that was ended by a signal is not whole', async () => {
    const { child, process } = run();
    child.stdout.end('part');
    expect(String(await process.read())).toBe('part');
    const end = process.read();
    child.emit('exit', null, 'SIGSEGV');
    await expect(end).rejects.toMatchObject({
      code: 'DIED',
      message: expect.stringContaining('SIGSEGV') as string,
    });
  });

  test('a program that cannot be started', async () => {
    const { child, process, gone } = run();
    child.emit('error', new Error('ENOENT'));
    await expect(process.read()).rejects.toMatchObject({
      code: 'START_FAILED',
      status: '500 Internal Server Error',
    });
    expect(gone()).toBe(1);
  });

  test('the deadline ends what waits for output', async () => {
    const { process, clock } = run();
    const reading = process.read();
    clock.move(1000);
    await expect(reading).rejects.toMatchObject({ code: 'TIMEOUT', status: '504 Gateway Timeout' });
    await expect(process.read()).rejects.toMatchObject({ code: 'TIMEOUT' });
  });
});
