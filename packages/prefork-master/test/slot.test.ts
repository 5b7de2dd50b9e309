import { describe, expect, test } from 'vitest';
import { Slot } from '../src/slot.ts';
import { WorkerProcess } from '../src/worker-process.ts';
import { FakeChild, FakeClock, settle } from './support.ts';

const limits = {
  timeoutMs: 0,
  bootTimeoutMs: 1e6,
  gracefulTimeoutMs: 1e6,
  retireTimeoutMs: 1e6,
  quickTimeoutMs: 1e6,
};

function create() {
  const clock = new FakeClock();
  const children: FakeChild[] = [];
  const told: string[] = [];
  let generation = 1;
  const slot: Slot = new Slot(1, {
    clock,
    backoff: {},
    launch: (id) => {
      const child = new FakeChild(100 + children.length);
      children.push(child);
      const observer = { timeout: () => undefined, recycle: () => undefined };
      return new WorkerProcess(
        child,
        { id, generation: generation++, handshake: true },
        limits,
        clock,
        observer,
      );
    },
    retire: (worker) => worker.retire(),
    announce: {
      ready: (worker) => told.push(`ready ${worker.pid}`),
      exited: (worker) => told.push(`exited ${worker.pid}`),
      bootFailed: (_id, { code }) => told.push(`failed ${code}`),
      waiting: (_id, delayMs, crashes) => told.push(`waiting ${delayMs} ${crashes}`),
    },
  });
  const child = (index: number): FakeChild => {
    const found = children[index];
    if (!found) throw new Error(`there is no child ${index}`);
    return found;
  };
  const ready = async (index: number): Promise<void> => {
    child(index).say('ready');
    await settle();
  };
  const crash = async (index: number): Promise<void> => {
    child(index).exit(null, 'SIGKILL');
    await settle();
  };
  return { clock, children, told, slot, child, ready, crash };
}

async function inService() {
  const harness = create();
  const boot = harness.slot.boot();
  await harness.ready(0);
  await boot;
  return harness;
}

describe('a crash', () => {
  test('is followed by the next worker at once', async () => {
    const { clock, children, crash, ready, slot } = await inService();
    await crash(0);
    await clock.pass(0);
    expect(children).toHaveLength(2);
    await ready(1);
    expect(slot.status()).toMatchObject([{ id: 1, pid: 101, state: 'ready', restarts: 1, crashes: 1 }]);
  });

  test('after a crash: waits for twice as long each time, and says so', async () => {
    const { clock, children, crash, ready, slot, told } = await inService();
    for (const [index, delayMs] of [0, 100, 200, 400, 800].entries()) {
      await crash(index);
      expect(slot.status()).toMatchObject([
        { pid: undefined, state: 'waiting', retryInMs: delayMs, crashes: index + 1 },
      ]);
      if (delayMs > 0) await clock.pass(delayMs - 1);
      expect(children).toHaveLength(index + 1);
      await clock.pass(1);
      expect(children).toHaveLength(index + 2);
      await ready(index + 1);
    }
    expect(told.filter((line) => line.startsWith('waiting'))).toEqual([
      'waiting 100 2',
      'waiting 200 3',
      'waiting 400 4',
      'waiting 800 5',
    ]);
  });

  test('long after the last one costs nothing again', async () => {
    const { clock, children, crash, ready, slot } = await inService();
    await crash(0);
    await clock.pass(0);
    await ready(1);
    await clock.pass(10_000);
    expect(slot.status()).toMatchObject([{ crashes: 0 }]);
    await crash(1);
    await clock.pass(0);
    expect(children).toHaveLength(3);
  });

  test('of one that never gets ready counts, too', async () => {
    const { clock, children, crash, told } = await inService();
    await crash(0);
    await clock.pass(0);
    await crash(1);
    expect(children).toHaveLength(2);
    await clock.pass(100);
    expect(children).toHaveLength(3);
    expect(told).toContain('failed worker-boot');
  });
});

describe('a replacement', () => {
  test('boots beside the old one, which is retired when it is ready', async () => {
    const { slot, child, ready, crash } = await inService();
    const boot = slot.boot();
    await settle();
    expect(slot.status()).toMatchObject([
      { pid: 100, state: 'ready' },
      { pid: 101, state: 'booting' },
    ]);
    expect(child(0).received).toEqual([]);
    await ready(1);
    await boot;
    expect(slot.status()).toMatchObject([
      { pid: 101, state: 'ready' },
      { pid: 100, state: 'stopping' },
    ]);
    expect(child(0).received).toEqual([{ prefork: 'stop', graceful: true }]);
    let drained = false;
    void slot.drained().then(() => (drained = true));
    await settle();
    expect(drained).toBe(false);
    await crash(0);
    expect(drained).toBe(true);
    expect(slot.status()).toMatchObject([{ pid: 101, crashes: 0 }]);
  });

  test('that fails leaves the old one in service, and is not tried again', async () => {
    const { clock, slot, child, children } = await inService();
    const boot = slot.boot();
    await settle();
    child(1).exit(1);
    await expect(boot).rejects.toMatchObject({ code: 'worker-boot' });
    await clock.pass(100_000);
    expect(children).toHaveLength(2);
    expect(slot.status()).toMatchObject([{ pid: 100, state: 'ready' }]);
  });

  test('under way when the old one crashes takes its place', async () => {
    const { clock, slot, ready, crash, children } = await inService();
    const boot = slot.boot();
    await settle();
    await crash(0);
    await clock.pass(1000);
    expect(children).toHaveLength(2);
    await ready(1);
    await boot;
    expect(slot.status()).toMatchObject([{ pid: 101, state: 'ready' }]);
  });

  test('under way when the old one crashes, and failing: the slot goes on trying', async () => {
    const { clock, slot, crash, children } = await inService();
    const failure = slot.boot().catch((error: unknown) => error);
    await settle();
    await crash(0);
    await crash(1);
    expect(await failure).toMatchObject({ code: 'worker-boot' });
    await clock.pass(0);
    expect(children).toHaveLength(3);
  });

  test('does not wait for the backoff', async () => {
    const { clock, slot, crash, ready, children } = await inService();
    await crash(0);
    await clock.pass(0);
    await crash(1);
    const boot = slot.boot();
    await ready(2);
    await boot;
    await clock.pass(100_000);
    expect(children).toHaveLength(3);
  });

  test('asked for while one boots is another one after it: that one may be of an older program', async () => {
    const { slot, ready, children } = create();
    const first = slot.boot();
    const second = slot.boot();
    await ready(0);
    await first;
    await settle();
    expect(children).toHaveLength(2);
    await ready(1);
    await second;
    expect(slot.status()).toMatchObject([{ pid: 101 }, { pid: 100, state: 'stopping' }]);
  });

  test('asked for by the worker twice is one', async () => {
    const { slot, ready, children } = await inService();
    const replaced = Promise.all([slot.replace(), slot.replace()]);
    await settle();
    await ready(1);
    await replaced;
    expect(children).toHaveLength(2);
  });
});

test('a slot that is stopped waits for its processes and starts no more', async () => {
  const { clock, slot, child, crash, children } = await inService();
  const ended = slot.boot().catch((error: unknown) => error);
  await settle();
  let stopped = false;
  void slot.stop(true).then(() => (stopped = true));
  expect(child(0).received).toEqual([{ prefork: 'stop', graceful: true }]);
  await crash(1);
  expect(await ended).toMatchObject({ code: 'stopped' });
  expect(stopped).toBe(false);
  await crash(0);
  expect(stopped).toBe(true);
  await clock.pass(100_000);
  expect(children).toHaveLength(2);
  await expect(slot.boot()).rejects.toMatchObject({ code: 'stopped' });
});
