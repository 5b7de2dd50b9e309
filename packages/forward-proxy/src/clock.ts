/** Time, injected so that tests need not wait. */
export interface Clock {
  /** Milliseconds that only go forward. */
  now(): number;
  /** Calls back once after so long; the function that is returned takes that back. */
  after(ms: number, callback: () => void): () => void;
}

/** The longest time that Node's timers take. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(ms, MAX_DELAY_MS));
    return () => clearTimeout(timer);
  },
};
