import type { Timers } from './log-writer.ts';

/** The system's. */
export const systemTimers: Timers = {
  after(ms, callback, keepAlive = false) {
    const timer = setTimeout(callback, ms);
    if (!keepAlive) timer.unref();
    return () => clearTimeout(timer);
  },
};
