import { expect, test } from 'vitest';
import { createReporter } from '../src/worker-report.ts';

test('a report has the rate of the time since the one before it, and how long the loop was blocked', async () => {
  const stats = { connections: 2, waiting: 0, active: 1, requests: 100, current: [] };
  let now = 1_000_000;
  let setBy = 5;
  const report = createReporter(
    () => ({ ...stats }),
    () => [],
    { now: () => now, wallClock: () => now + setBy },
  );
  now += 2000;
  stats.requests = 500;
  expect(report()).toMatchObject({ at: now + setBy, requests: 500, requestsPerSecond: 200, connections: 2 });
  now += 1000;
  expect(report().requestsPerSecond).toBe(0);
  // Somebody sets the clock back: the rate is that of the time that has passed.
  setBy = -3_600_000;
  now += 1000;
  stats.requests = 700;
  expect(report()).toMatchObject({ at: now + setBy, requestsPerSecond: 200 });
  const blockedUntil = Date.now() + 150;
  await new Promise((resolve) => setTimeout(resolve, 50));
  while (Date.now() < blockedUntil);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(report().loopLagMs).toBeGreaterThan(50);
});
