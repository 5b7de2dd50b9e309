import { expect, test } from 'vitest';
import { wornOut } from '../src/wear.ts';

const unlimited = { maxLifetimeMs: Infinity, lifetimeJitterMs: 0, maxMemoryBytes: Infinity };
const fresh = { servedMs: 0, jitter: 0, memoryBytes: undefined };
const MiB = 1024 * 1024;

test.each([
  ['no limits', { ...fresh, servedMs: 1e12, memoryBytes: 1e12 }, unlimited, undefined],
  ['younger', { ...fresh, servedMs: 999 }, { ...unlimited, maxLifetimeMs: 1000 }, undefined],
  ['old', { ...fresh, servedMs: 90_000 }, { ...unlimited, maxLifetimeMs: 90_000 }, 'it has served for 90 s'],
  [
    'within its jitter',
    { ...fresh, servedMs: 1400, jitter: 0.5 },
    { ...unlimited, maxLifetimeMs: 1000, lifetimeJitterMs: 1000 },
    undefined,
  ],
  [
    'as large as it may be',
    { ...fresh, memoryBytes: 64 * MiB },
    { ...unlimited, maxMemoryBytes: 64 * MiB },
    undefined,
  ],
  [
    'too large',
    { ...fresh, memoryBytes: 65 * MiB },
    { ...unlimited, maxMemoryBytes: 64 * MiB },
    'it holds 65.0 MiB of memory; the limit is 64.0 MiB',
  ],
  ['of unknown size', fresh, { ...unlimited, maxMemoryBytes: 1 }, undefined],
])('%s', (_what, wear, limits, reason) => {
  expect(wornOut(wear, limits)).toBe(reason);
});
