import type { Slot } from './slot.ts';

/** What a pool is doing at the moment. */
export interface ThreadPoolStats {
  /** Requests that wait for a thread. */
  queued: number;
  /** Requests in threads. */
  active: number;
  /** What is kept on this side of the bodies on their way, in bytes; limited by `windowBytes` for each of them. */
  bufferedBytes: number;
  threads: ThreadStats[];
}

/** What one thread is doing. */
export interface ThreadStats {
  id: number;
  /** `down`: it died, and its replacement has yet to be started. */
  state: 'booting' | 'ready' | 'stopping' | 'down';
  /** Requests under way. */
  active: number;
  /** Requests that this thread has been given since it came up. */
  requests: number;
  /** How many threads have died in its place. */
  replaced: number;
}

export function collectStats(slots: readonly Slot[], queued: number): ThreadPoolStats {
  const stats: ThreadPoolStats = { queued, active: 0, bufferedBytes: 0, threads: [] };
  for (const { id, thread, replaced } of slots) {
    const state = thread === undefined || thread.state === 'gone' ? 'down' : thread.state;
    const { active = 0, served: requests = 0, bufferedBytes = 0 } = thread ?? {};
    stats.active += active;
    stats.bufferedBytes += bufferedBytes;
    stats.threads.push({ id, state, active, requests, replaced });
  }
  return stats;
}
