import { expect, test } from 'vitest';
import { type MasterOptions, resolveOptions } from '../src/options.ts';

const given: MasterOptions = { listen: [{ fd: 3 }], worker: { script: 'worker.js' }, workers: 2 };

test('the defaults are those of gunicorn and Puma', () => {
  expect(resolveOptions(given)).toMatchObject({
    timeoutMs: 30_000,
    gracefulTimeoutMs: 30_000,
    quickTimeoutMs: 2000,
    bootTimeoutMs: 60_000,
    backlog: 2048,
    sharing: 'inherited',
    maxLifetimeMs: Infinity,
    maxMemoryBytes: Infinity,
    autoscale: undefined,
    watch: [],
    watchDebounceMs: 200,
  });
});

test.each<[string, Partial<MasterOptions>]>([
  ['listen', { listen: [] }],
  ['workers', { workers: 0 }],
  ['workers', { workers: 1.5 }],
  ['workers', { workers: Number.NaN }],
  ['backlog', { backlog: 0 }],
  ['timeoutMs', { timeoutMs: -1 }],
  ['timeoutMs', { timeoutMs: Number.NaN }],
  // Node would take a longer one for 1 ms.
  ['gracefulTimeoutMs', { gracefulTimeoutMs: 2 ** 31 }],
  ['maxLifetimeMs', { maxLifetimeMs: 0 }],
  ['lifetimeJitterMs', { lifetimeJitterMs: -1 }],
  ['maxMemoryBytes', { maxMemoryBytes: Number.NaN }],
  ['watchDebounceMs', { watchDebounceMs: Infinity }],
  ['sharing', { sharing: 'both' as 'inherited' }],
  ['autoscale.min', { autoscale: { min: 0, max: 2 } }],
  ['autoscale.max', { autoscale: { min: 3, max: 2 } }],
  ['autoscale.targetUtilisation', { autoscale: { min: 1, max: 2, targetUtilisation: 70 } }],
  ['autoscale.upAfterMs', { autoscale: { min: 1, max: 2, upAfterMs: -1 } }],
  ['bootTimeoutMs', { bootTimeoutMs: Infinity }],
])('%s is checked', (name, wrong) => {
  expect(() => resolveOptions({ ...given, ...wrong })).toThrowError(
    expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(name) }),
  );
});
