import { describe, expect, test } from 'vitest';
import { formatStorm, isFaultless } from '../chaos/report.ts';
import { storm } from '../chaos/storm.ts';

/** The storm reads the kernel's tables of processes and connections. */
const elsewhere = process.platform !== 'linux';

describe.skipIf(elsewhere)('a server under load', () => {
  test('loses no request while its workers are killed and its master reloads and upgrades', async () => {
    const only = ['kill', 'killEach', 'terminate', 'reload', 'reloadBroken', 'upgradeByHand'];
    const report = await storm({ seconds: 0, rounds: 1, seed: 39, users: 12, workers: 2, only });
    const { ledger, troubles, leftovers, before, after, events } = report;
    const findings = formatStorm(report);
    expect(ledger.unexcused, findings).toEqual({});
    expect(troubles, findings).toEqual([]);
    expect(leftovers).toEqual([]);
    expect(ledger.pending).toBe(0);
    expect(ledger.answered).toBeGreaterThan(100);
    expect(events).toEqual(Object.fromEntries(only.map((name) => [name, 1])));
    expect(after.connections).toBe(0);
    expect(after.descriptors).toEqual(before.descriptors);
    expect(isFaultless(report)).toBe(true);
  }, 120_000);

  test('that has no time to finish its requests is found out', async () => {
    const flags = ['--graceful-timeout', '0'];
    const report = await storm({
      seconds: 0,
      rounds: 1,
      seed: 1,
      users: 12,
      workers: 2,
      only: ['reload'],
      flags,
    });
    expect(report.ledger.unexcusedCount).toBeGreaterThan(0);
    expect(report.ledger.excusedCount).toBe(0);
    expect(isFaultless(report)).toBe(false);
  }, 60_000);
});
