/** Time, as the deadlines see it: a test has one of its own, and waits for nothing. */
export interface Clock {
  /** Calls back once, after so many milliseconds. @returns what prevents it. */
  after(ms: number, callback: () => void): () => void;
}

/** The system's timers. They keep the process alive: somebody waits. */
export const systemClock: Clock = {
  after(ms, callback) {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};
