import { expect, test } from 'vitest';
import { createMaxRequests } from '../src/max-requests.ts';

test.each([
  [{ maxRequests: 0, maxRequestsJitter: 0 }, 0.5, Infinity],
  [{ maxRequests: 100, maxRequestsJitter: 0 }, 0.999, 100],
  [{ maxRequests: 100, maxRequestsJitter: 10 }, 0, 100],
  [{ maxRequests: 100, maxRequestsJitter: 10 }, 0.999, 110],
])('%j with %d ends at %d', (settings, random, limit) => {
  const { reached } = createMaxRequests(settings, () => random);
  expect(reached(Math.min(limit, Number.MAX_SAFE_INTEGER) - 1)).toBe(false);
  expect(reached(limit)).toBe(true);
});
