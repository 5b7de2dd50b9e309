import { UsageError } from './errors.ts';

/** What a line of waiting requests is held to. */
export const DEFAULT_QUEUE = {
  /** gunicorn's worker_connections: what its threads leave waiting at most. */
  maxQueue: 1000,
  /** gunicorn's timeout. */
  queueTimeoutMs: 30_000,
  /** The least that Retry-After can say apart from "at once". */
  retryAfterSeconds: 1,
} as const;

/** The most that a timer of Node takes: 2^31 - 1. */
const MAX_DELAY_MS = 2_147_483_647;

/** @throws UsageError `BAD_OPTION` unless it is a whole number from `least` on. */
export function checkCount(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError('BAD_OPTION', `${name} must be a whole number from ${least} on, not ${value}`);
}

/**
 * A delay in milliseconds; 0 is for ever.
 * @throws UsageError `BAD_OPTION`
 */
export function checkDelay(name: string, value: number): number {
  if (value === Number.POSITIVE_INFINITY || value === 0) return Number.POSITIVE_INFINITY;
  if (value > 0 && value <= MAX_DELAY_MS) return value;
  throw new UsageError('BAD_OPTION', `${name} must be milliseconds up to ${MAX_DELAY_MS}, not ${value}`);
}
