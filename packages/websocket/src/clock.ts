/** Time, as the deadlines see it: a test has one of its own, and waits for nothing. */
export interface Clock {
  /** Calls back once, after so many milliseconds. @returns what prevents it. */
  after(ms: number, callback: () => void): () => void;
}

/** The system's timers; they do not keep the process alive. */
export const systemClock: Clock = {
  after(ms, callback) {
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};
