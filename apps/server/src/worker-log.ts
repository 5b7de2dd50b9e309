import type { WorkerOptions } from '@highball/async-worker';
import type { Logger } from './log.ts';

/** A log whose message comes before the details, as the packages have it. */
export type WorkerLog = NonNullable<WorkerOptions['log']>;

/** pino has them the other way round. */
export function workerLog(log: Logger): WorkerLog {
  return {
    error: (message, details = {}) => log.error(details, message),
    warn: (message, details = {}) => log.warn(details, message),
    info: (message, details = {}) => log.info(details, message),
    debug: (message, details = {}) => log.debug(details, message),
  };
}
