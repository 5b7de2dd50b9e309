import type { FormatName } from '@highball/access-log';
import type { WorkerSide } from '@highball/prefork-master/worker';
import type { Lifecycle } from './application/lifecycle.ts';
import { CommandError } from './errors.ts';
import type { Settings } from './settings.ts';
import type { HookedApplication } from './worker-hooks.ts';
import type { WorkerLog } from './worker-log.ts';

/** What is written at the end has so long. */
const CLOSE_MS = 2000;

/**
 * Writes a line for each response, as the settings want it; without a file the application stays as it is.
 * @throws CommandError when the file cannot be opened, or the format is none.
 */
export async function logAccess(
  hooked: HookedApplication,
  { accessLog: to, accessLogFormat: format }: Settings,
  { master, lifecycle, log }: { master: WorkerSide; lifecycle: Lifecycle; log: WorkerLog },
): Promise<HookedApplication> {
  if (to === '') return hooked;
  const { accessLog, AccessLogError } = await import('@highball/access-log');
  const open = (): ReturnType<typeof accessLog> => {
    try {
      return accessLog({ to, format: format as FormatName, log });
    } catch (error) {
      if (!(error instanceof AccessLogError)) throw error;
      throw new CommandError(`the access log: ${error.message}`, { cause: error });
    }
  };
  const access = open();
  master.onReopenLogs(() => void access.reopen());
  lifecycle.onStop(async (graceful) => {
    await access.close(graceful ? CLOSE_MS : 0);
  });
  return {
    ...hooked,
    onResponse(record) {
      access.onResponse(record);
      hooked.onResponse?.(record);
    },
  };
}
