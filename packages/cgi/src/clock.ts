/** Time, as the deadlines see it: a test has one of its own, and waits for nothing. */
export interface Clock {
  /** Milliseconds that only go forward. */
  now(): number;
  /** Calls back once, without keeping the process alive. @returns what prevents it. */
  after(ms: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};
