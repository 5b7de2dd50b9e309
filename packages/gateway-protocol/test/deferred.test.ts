import { once } from 'node:events';
import { expect, test } from 'vitest';
import { Deferred, type SettledListener } from '../src/index.ts';

function recorder(): SettledListener<string> & { readonly told: unknown[] } {
  const told: unknown[] = [];
  return {
    told,
    onResolved: (value) => void told.push(['resolved', value]),
    onRejected: (error) => void told.push(['rejected', error]),
  };
}

test('a listener is told within the call that settles', () => {
  const deferred = new Deferred<string>();
  const listener = recorder();
  deferred.whenSettled(listener);
  expect(listener.told).toEqual([]);
  deferred.resolve('body');
  expect(listener.told).toEqual([['resolved', 'body']]);
});

test('a listener that comes later is told at once', () => {
  const deferred = new Deferred<string>();
  deferred.resolve('body');
  const listener = recorder();
  deferred.whenSettled(listener);
  expect(listener.told).toEqual([['resolved', 'body']]);
});

test('only the first outcome counts', async () => {
  const deferred = new Deferred<string>();
  const listener = recorder();
  deferred.whenSettled(listener);
  deferred.resolve('first');
  deferred.resolve('second');
  deferred.reject(new Error('late'));
  expect(listener.told).toEqual([['resolved', 'first']]);
  await expect(deferred).resolves.toBe('first');
});

test('there is room for one listener', () => {
  const deferred = new Deferred<string>();
  deferred.whenSettled(recorder());
  expect(() => deferred.whenSettled(recorder())).toThrow(/one listener/);
});

test('it can be awaited, before and after it is settled, beside a listener', async () => {
  const deferred = new Deferred<string>();
  const before = (async () => await deferred)();
  deferred.whenSettled(recorder());
  deferred.resolve('body');
  await expect(before).resolves.toBe('body');
  expect(await deferred).toBe('body');
  expect(await deferred.then((value) => value.length)).toBe(4);
});

test('an error rejects whoever awaits it, and reaches catch and finally', async () => {
  const deferred = new Deferred<string>();
  const failure = new Error('no upstream');
  const awaited = deferred.catch((error: unknown) => error);
  let over = false;
  const last = deferred.finally(() => (over = true)).catch(() => 'caught');
  deferred.reject(failure);
  expect(await awaited).toBe(failure);
  expect(await last).toBe('caught');
  expect(over).toBe(true);
});

test('an error that a listener is told of is not unhandled, however late it comes within the turn', async () => {
  const seen: unknown[] = [];
  const watch = (error: unknown): void => void seen.push(error);
  process.on('unhandledRejection', watch);
  try {
    const early = new Deferred<string>();
    early.whenSettled(recorder());
    early.reject(new Error('told at once'));
    const late = new Deferred<string>();
    late.reject(new Error('told a moment later'));
    late.whenSettled(recorder());
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual([]);
  } finally {
    process.off('unhandledRejection', watch);
  }
});

test('an error that nobody listens for is an unhandled rejection', async () => {
  // The test runner listens, too, and would fail the run.
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  try {
    const unhandled = once(process, 'unhandledRejection');
    const failure = new Error('nobody hears it');
    new Deferred<string>().reject(failure);
    expect((await unhandled)[0]).toBe(failure);
  } finally {
    for (const listener of others) process.on('unhandledRejection', listener);
  }
});

test('to the eye it is what it is', () => {
  expect(Object.prototype.toString.call(new Deferred())).toBe('[object Deferred]');
});
