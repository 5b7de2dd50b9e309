import { performance } from 'node:perf_hooks';

/** Time, as the deadlines see it: a test has one of its own, and waits for nothing. */
export interface Clock {
  /** Milliseconds that only go forward. */
  now(): number;
  /** Calls back again and again, without keeping the process alive. @returns what stops it. */
  every(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  every(ms, callback) {
    const timer = setInterval(callback, ms).unref();
    return () => clearInterval(timer);
  },
};
