import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { WorkerStats } from '@highball/async-worker';
import type { UpstreamReport } from './upstream/report.ts';

/** What a worker tells its master once a second. */
export interface WorkerReport extends WorkerStats {
  /** When it was made, in milliseconds since 1970. */
  at: number;
  requestsPerSecond: number;
  /** The longest that anything had to wait for the event loop since the last report. */
  loopLagMs: number;
  /** The servers behind it. */
  upstreams: readonly UpstreamReport[];
}

/** How often the event loop's delay is sampled: what is shorter is no lag. */
const RESOLUTION_MS = 20;
const NANOSECONDS = 1e6;

/** Two clocks: a rate must not leap with the one that is set. */
interface ReportClock {
  /** Milliseconds that only grow. */
  now(): number;
  /** Milliseconds since 1970, which another process can compare. */
  wallClock(): number;
}

const systemClock: ReportClock = { now: () => performance.now(), wallClock: Date.now };

/** Makes reports: each covers the time since the one before it. */
export function createReporter(
  stats: () => WorkerStats,
  upstreams: () => readonly UpstreamReport[] = () => [],
  { now, wallClock }: ReportClock = systemClock,
): () => WorkerReport {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let before = { at: now(), requests: stats().requests };
  return () => {
    const current = stats();
    const at = now();
    const seconds = Math.max(1, at - before.at) / 1000;
    const requestsPerSecond = Math.round((current.requests - before.requests) / seconds);
    // The histogram holds whole intervals: the wait is what exceeds the resolution.
    const loopLagMs = Math.max(0, Math.round(delay.max / NANOSECONDS - RESOLUTION_MS));
    delay.reset();
    before = { at, requests: current.requests };
    return { ...current, at: wallClock(), requestsPerSecond, loopLagMs, upstreams: upstreams() };
  };
}
