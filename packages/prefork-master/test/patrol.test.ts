import { describe, expect, test } from 'vitest';
import { resolveAutoscale } from '../src/autoscale.ts';
import { Patrol, type PatrolOptions } from '../src/patrol.ts';
import type { WorkerProcess } from '../src/worker-process.ts';
import { FakeClock, settle } from './support.ts';

const nothing: PatrolOptions = {
  maxLifetimeMs: Infinity,
  lifetimeJitterMs: 0,
  maxMemoryBytes: Infinity,
  autoscale: undefined,
};

interface FakeWorker {
  servedMs: number;
  memoryBytes: number;
  vitals: { utilisation?: number };
}

function harness(options: Partial<PatrolOptions>, workers: FakeWorker[], random = () => 0) {
  const clock = new FakeClock();
  const recycled: [FakeWorker, string][] = [];
  const scaled: number[] = [];
  const low: number[] = [];
  const host = {
    size: workers.length,
    inService: workers as unknown as WorkerProcess[],
    requestRecycle: (worker: WorkerProcess, reason: string) =>
      void recycled.push([worker as unknown as FakeWorker, reason]),
    memoryLimitLow: (_: unknown, { betterBytes }: { betterBytes: number }) => void low.push(betterBytes),
    scale: async (size: number): Promise<void> => void scaled.push(size),
  };
  const patrol = new Patrol({ ...nothing, ...options }, host, clock, random);
  patrol.start();
  return { clock, recycled, scaled, low, host, patrol };
}

const worker = (servedMs = 0, memoryBytes = 0, utilisation = 0): FakeWorker => ({
  servedMs,
  memoryBytes,
  vitals: { utilisation },
});

test('without limits it does not even look', async () => {
  let looks = 0;
  const old = worker(1e12);
  Object.defineProperty(old, 'servedMs', { get: () => looks++ });
  const { clock } = harness({}, [old]);
  await clock.pass(10_000);
  expect(looks).toBe(0);
});

test('old and large workers are reported each second, until they are gone', async () => {
  const [old, large, fine] = [worker(50_000), worker(40_000, 2e9), worker(1, 1)];
  const limits = { maxLifetimeMs: 50_000, maxMemoryBytes: 1e9 };
  const { clock, recycled, patrol } = harness(limits, [old, large, fine]);
  await clock.pass(1000);
  expect(recycled.map(([one]) => one)).toEqual([old, large]);
  await clock.pass(1000);
  expect(recycled).toHaveLength(4);
  patrol.stop();
  await clock.pass(5000);
  expect(recycled).toHaveLength(4);
});

test('a limit below the size of new workers is told, and does not replace one after the other', async () => {
  const [one, other] = [worker(1000, 2e9), worker(1000, 2e9)];
  const { clock, recycled, low } = harness({ maxMemoryBytes: 1e9 }, [one, other]);
  await clock.pass(60_000);
  expect(recycled.map(([large]) => large)).toEqual([one]);
  expect(low).toEqual([Math.ceil(3e9 / 16_777_216) * 16_777_216]);
  await clock.pass(2000);
  expect(recycled).toHaveLength(2);
  expect(low).toHaveLength(2);
});

test('each worker has its own jitter, which stays', async () => {
  const [one, other] = [worker(), worker()];
  const jitters = [0, 1];
  const limits = { maxLifetimeMs: 1000, lifetimeJitterMs: 1000 };
  const { clock, recycled } = harness(limits, [one, other], () => jitters.shift() ?? Number.NaN);
  one.servedMs = other.servedMs = 1500;
  await clock.pass(1000);
  expect(recycled.map(([tired]) => tired)).toEqual([one]);
  other.servedMs = 2000;
  await clock.pass(1000);
  expect(recycled.map(([tired]) => tired)).toEqual([one, one, other]);
});

describe('autoscaling', () => {
  const autoscale = resolveAutoscale({ min: 1, max: 4 });

  test('asks for more workers when all are busy', async () => {
    const { clock, scaled } = harness({ autoscale }, [worker(0, 0, 1), worker(0, 0, 1)]);
    await clock.pass(4000);
    expect(scaled).toEqual([3]);
  });

  test('leaves a master alone that has no workers by order', async () => {
    const { clock, scaled } = harness({ autoscale }, []);
    await clock.pass(100_000);
    expect(scaled).toEqual([]);
  });

  test('asks for nothing more while a change is under way, and goes on after one that failed', async () => {
    const { clock, host } = harness({ autoscale }, [worker(0, 0, 1)]);
    const changes: PromiseWithResolvers<void>[] = [];
    host.scale = () => {
      const change = Promise.withResolvers<void>();
      changes.push(change);
      return change.promise;
    };
    await clock.pass(60_000);
    expect(changes).toHaveLength(1);
    changes[0]?.reject(new Error('did not boot'));
    await settle();
    await clock.pass(10_000);
    expect(changes).toHaveLength(2);
  });
});
