/** Time as the development server needs it; tests have one of their own. */
export interface Clock {
  /** Milliseconds since some fixed moment. */
  now(): number;
  /** Calls once after `ms`; what it returns takes that back. */
  after(ms: number, call: () => void): () => void;
  /** Calls every `ms`; what it returns ends that. */
  every(ms: number, call: () => void): () => void;
}

/** The system's time. What repeats does not keep the process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  every(ms, call) {
    const timer = setInterval(call, ms).unref();
    return () => clearInterval(timer);
  },
};
