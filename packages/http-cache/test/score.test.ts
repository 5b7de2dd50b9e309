import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { runProbes } from '../conformance/run.ts';
import { count, probes, REASONS, report } from '../conformance/score.ts';

test('the score of required behaviours is what the page says, and each failure has its reason', async () => {
  const results = await runProbes(probes);
  expect(count(results, 'must')).toEqual({ passed: 164, all: 167 });
  expect(count(results, 'may')).toEqual({ passed: 84, all: 86 });
  const failed = results.filter(({ failure }) => failure !== undefined).map(({ probe }) => probe.id);
  expect(failed.toSorted()).toEqual(Object.keys(REASONS).toSorted());
  // The formatter has its own mind about the widths of tables.
  const page = await readFile(join(import.meta.dirname, '../docs/score.md'), 'utf8');
  const words = (text: string): string => text.replaceAll(/[\s|\\-]+/g, ' ');
  expect(words(page)).toBe(words(report(results)));
});

test('it is the same with a folder', async () => {
  await using folder = await temporaryFolder();
  const results = await runProbes(probes, { folder: folder.path });
  const failed = results.filter(({ failure }) => failure !== undefined).map(({ probe }) => probe.id);
  expect(failed.toSorted()).toEqual(Object.keys(REASONS).toSorted());
});

test('cookies are no reason when they are to be stored', async () => {
  const cookies = probes.filter(({ id }) => id.toLowerCase().includes('set-cookie'));
  expect(cookies.length).toBeGreaterThan(3);
  for (const { failure } of await runProbes(cookies, { storeCookies: true })) expect(failure).toBeUndefined();
});

test('a cache that is left out passes no probe that needs one', async () => {
  const results = await runProbes(
    probes.filter(({ steps }) => steps.some(({ from }) => from === 'store')),
    { bypass: () => true },
  );
  expect(results.filter(({ failure }) => failure === undefined)).toEqual([]);
});
