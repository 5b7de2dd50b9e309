import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { shareMemory } from '../src/index.ts';
import { Bench } from './support.ts';

test('all processes together may take what they would take one by one', () => {
  for (const processes of [1, 4, 32]) {
    const {
      maxBytes = 0,
      maxDiskBytes,
      maxEntries = 0,
      maxDiskEntries = 0,
    } = shareMemory({ maxBytes: 1_000_000, maxEntries: 1000 }, '/a/folder', processes);
    expect(processes * maxBytes + maxDiskBytes).toBe(processes * 1_000_000);
    expect(processes * maxEntries + maxDiskEntries).toBe(processes * 1000);
  }
});

test('what would not be stored without the folder is not stored with it', async () => {
  await using folder = await temporaryFolder();
  const bench = new Bench(
    ({ PATH_INFO }) => ({
      fields: { 'Cache-Control': 'max-age=60' },
      body: ['x'.repeat(Number(PATH_INFO.slice(1)))],
    }),
    shareMemory({ maxMemoryObjectBytes: 5000 }, folder.path, 2),
  );
  for (const path of ['/5000', '/5001', '/5000', '/5001']) await bench.ask({ path });
  expect(bench.requests.map(({ PATH_INFO }) => PATH_INFO)).toEqual(['/5000', '/5001', '/5001']);
  await bench.cache.close();
});
