import { messageOf, oneLine } from './errors.ts';
import type { Logger } from './log.ts';

/** What of a process the errors are heard from. */
interface ErrorSource {
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown;
}

/** What of a worker they lead to. */
interface Replaceable {
  recycle(reason: string): void;
}

/** What of time is needed. */
interface Timers {
  /** Milliseconds since the process was started. */
  uptimeMs(): number;
  setTimeout(callback: () => void, delayMs: number): unknown;
}

/**
 * A worker serves at least so long before it asks: where each new one fails in the same way, the machine does not
 * spend its time on booting them. Long beside a boot, short beside the time in which a person sees the log.
 */
const LEAST_SERVICE_MS = 3000;

const systemTimers: Timers = {
  uptimeMs: () => process.uptime() * 1000,
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
};

/**
 * An error outside any request may have left the application in any state, so its worker is replaced: it finishes
 * the requests that it has, and goes when the new one is ready.
 */
export function recycleOnStrayErrors(
  source: ErrorSource,
  worker: Replaceable,
  log: Pick<Logger, 'error'>,
  timers: Timers = systemTimers,
): void {
  let asking = false;
  const replace = (err: unknown, what: string): void => {
    log.error({ err }, what);
    if (asking) return;
    asking = true;
    const ask = (): void => {
      asking = false;
      worker.recycle(`${what}: ${oneLine(messageOf(err))}`);
    };
    timers.setTimeout(ask, Math.max(0, LEAST_SERVICE_MS - timers.uptimeMs()));
  };
  source.on('uncaughtException', (err) => replace(err, 'an error outside any request'));
  source.on('unhandledRejection', (err) => replace(err, 'a rejected promise that nobody handles'));
}
