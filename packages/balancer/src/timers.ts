/** Calls back once, after so many milliseconds; returns how to prevent that. */
export type SetTimer = (callback: () => void, ms: number) => () => void;

/** The longest that setTimeout waits; beyond it fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** setTimeout, with a timer that keeps no process alive. */
export const setUnrefTimer: SetTimer = (callback, ms) => {
  const timer = setTimeout(callback, Math.min(ms, LONGEST_MS));
  timer.unref();
  return () => clearTimeout(timer);
};

/** setTimeout, with a timer that keeps the process alive: somebody waits for it. */
export const setTimer: SetTimer = (callback, ms) => {
  const timer = setTimeout(callback, Math.min(ms, LONGEST_MS));
  return () => clearTimeout(timer);
};
