import type { SpawnOptions } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { READY_MESSAGE, UPGRADE_VARIABLE } from '../src/handover.ts';
import type { UpgradeTurn } from '../src/upgrade-turn.ts';
import type { UpgradeMember } from '../src/upgrade-types.ts';
import { Upgrader } from '../src/upgrader.ts';
import { FakeChild, FakeClock, loopback, settle } from './support.ts';

class FakeMember implements UpgradeMember {
  readonly calls: string[] = [];
  onRetire: () => void = () => undefined;
  readonly #fds: readonly number[];

  constructor(...fds: number[]) {
    this.#fds = fds;
  }

  handOver() {
    return this.#fds.map((fd) => ({ key: `${fd}#0`, fd, address: loopback }));
  }

  async retire(): Promise<void> {
    this.calls.push('retire');
    this.onRetire();
  }

  async restore(): Promise<void> {
    this.calls.push('restore');
  }

  async stop(): Promise<void> {
    this.calls.push('stop');
  }

  upgradeTurn(turn: UpgradeTurn): void {
    this.calls.push(turn.event);
  }
}

function harness() {
  const clock = new FakeClock();
  const children: FakeChild[] = [];
  const spawned: { command: string; args: readonly string[]; options: SpawnOptions }[] = [];
  const spawn = (command: string, args: readonly string[], options: SpawnOptions): FakeChild => {
    const child = new FakeChild(100 + children.length);
    children.push(child);
    spawned.push({ command, args, options });
    return child;
  };
  const upgrader = new Upgrader({ spawn, clock, predecessor: undefined });
  const [back, front] = [new FakeMember(21), new FakeMember(22, 23)];
  upgrader.join('back', back);
  upgrader.join('front', front);
  return { clock, children, spawned, upgrader, back, front };
}

describe('a new master', () => {
  test('is this program again, with the sockets of all masters from descriptor 3 on', async () => {
    const { upgrader, spawned, children } = harness();
    const upgraded = upgrader.upgrade();
    const [{ command, args, options }] = spawned as [(typeof spawned)[0]];
    expect([command, ...args]).toEqual([process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
    expect(options.stdio).toEqual(['inherit', 'inherit', 'inherit', 21, 22, 23, 'ipc']);
    expect(JSON.parse(options.env?.[UPGRADE_VARIABLE] ?? '')).toEqual({
      masterPid: process.pid,
      pools: {
        'back#0': [{ key: '21#0', fd: 3, address: loopback }],
        'front#0': [
          { key: '22#0', fd: 4, address: loopback },
          { key: '23#0', fd: 5, address: loopback },
        ],
      },
      launcherSockets: [],
    });
    children[0]?.emit('message', READY_MESSAGE);
    expect(await upgraded).toBe(100);
  });

  test('may be another program', () => {
    const { upgrader, spawned } = harness();
    void upgrader.upgrade({ program: { command: 'x', args: ['y'], cwd: '/', env: { A: 'b' } } });
    expect(spawned[0]).toMatchObject({ command: 'x', args: ['y'], options: { cwd: '/', env: { A: 'b' } } });
  });

  test('serves beside this one until one of them leaves', async () => {
    const { upgrader, children, front } = harness();
    const upgraded = upgrader.upgrade();
    expect(upgrader.successor).toEqual({ pid: 100, ready: false });
    children[0]?.emit('message', READY_MESSAGE);
    await upgraded;
    expect(upgrader.successor).toEqual({ pid: 100, ready: true });
    expect(upgrader.isShared).toBe(true);
    expect(front.calls).toEqual(['upgrade', 'upgradeReady']);
    children[0]?.exit(0);
    expect(upgrader.isShared).toBe(false);
    expect(front.calls).toEqual(['upgrade', 'upgradeReady', 'upgradeLost', 'restore']);
  });

  test('that is not ready in time is ended, by KILL if it must be', async () => {
    const { upgrader, children, clock, front } = harness();
    const upgraded = upgrader.upgrade({ timeoutMs: 1000 }).catch((error: unknown) => error);
    await clock.pass(1000);
    expect(await upgraded).toMatchObject({ name: 'UpgradeError', code: 'upgrade-timeout' });
    expect(front.calls).toEqual(['upgrade', 'upgradeFailed']);
    expect(children[0]?.signals).toEqual(['SIGTERM']);
    // Still there: no other one until it is gone.
    await expect(upgrader.upgrade()).rejects.toMatchObject({ code: 'invalid-state' });
    await clock.pass(5000);
    expect(children[0]?.signals).toEqual(['SIGTERM', 'SIGKILL']);
    children[0]?.exit(null, 'SIGKILL');
    expect(upgrader.successor).toBeUndefined();
    expect(front.calls).not.toContain('restore');
  });

  test('that ends before it is ready is told with its exit', async () => {
    const { upgrader, children } = harness();
    const upgraded = upgrader.upgrade().catch((error: unknown) => error);
    children[0]?.exit(3);
    expect(children[0]?.signals).toEqual([]);
    expect(await upgraded).toMatchObject({
      code: 'upgrade-failed',
      message: 'the new master (pid 100) exited with code 3 before it was ready',
    });
  });
});

describe('automatic', () => {
  test('the workers of all masters go, the last one first, then the masters', async () => {
    const { upgrader, children, back, front } = harness();
    const order: string[] = [];
    back.onRetire = () => void order.push('back');
    front.onRetire = () => void order.push('front');
    const upgraded = upgrader.upgrade({ automatic: true });
    children[0]?.emit('message', READY_MESSAGE);
    await upgraded;
    expect(order).toEqual(['front', 'back']);
    expect(front.calls).toEqual(['upgrade', 'upgradeReady', 'retire', 'stop']);
  });

  test('should the new one die meanwhile, the workers come back and nothing stops', async () => {
    const { upgrader, children, back, front } = harness();
    front.onRetire = () => children[0]?.exit(null, 'SIGKILL');
    const upgraded = upgrader.upgrade({ automatic: true }).catch((error: unknown) => error);
    children[0]?.emit('message', READY_MESSAGE);
    expect(await upgraded).toMatchObject({ code: 'upgrade-failed' });
    expect(front.calls).toEqual(['upgrade', 'upgradeReady', 'retire', 'upgradeLost', 'restore']);
    expect(back.calls).toEqual(['upgrade', 'upgradeReady', 'upgradeLost', 'restore']);
  });
});

test('masters of one name are told apart by their order; the last one to leave lets the new process go', async () => {
  const { upgrader, children } = harness();
  expect(upgrader.join('front', new FakeMember()).key).toBe('front#1');
  const upgraded = upgrader.upgrade();
  children[0]?.emit('message', READY_MESSAGE);
  await upgraded;
  for (const key of ['front#0', 'front#1']) upgrader.leave(key);
  expect(upgrader.isShared).toBe(true);
  upgrader.leave('back#0');
  await settle();
  expect(upgrader.isShared).toBe(false);
  expect(children[0]).toMatchObject({ connected: false, signals: ['unref'] });
});
