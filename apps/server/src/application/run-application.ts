import type { Application } from '@highball/gateway-protocol';
import { APP_LOAD_ERROR, CommandError, messageOf, oneLine } from '../errors.ts';
import { loadApplication } from '../load-application.ts';
import type { Settings } from '../settings.ts';
import type { WorkerLog } from '../worker-log.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { ThreadPlan } from './thread.ts';

/** How and where an application runs. */
export interface RunOptions {
  readonly settings: Settings;
  readonly lifecycle: Lifecycle;
  readonly log: WorkerLog;
}

/**
 * Loads an application and runs it as the settings' worker class says: on this event loop, one request at a time,
 * or in threads.
 * @param spec - `MODULE[:EXPORT]`, relative to the folder.
 * @throws CommandError when it does not load.
 */
export async function runApplication(
  spec: string,
  folder: string,
  options: RunOptions,
): Promise<Application> {
  const { settings, lifecycle, log } = options;
  if (settings.workerClass === 'threads') return startThreads(spec, folder, options);
  const app = await loadApplication(spec, folder, { interface: settings.interface, lifecycle, log });
  if (settings.workerClass !== 'sync') return app;
  const { oneAtATime } = await import('@highball/thread-pool');
  return oneAtATime(app);
}

async function startThreads(
  spec: string,
  folder: string,
  { settings, lifecycle, log }: RunOptions,
): Promise<Application> {
  const plan: ThreadPlan = { spec, folder, interface: settings.interface };
  const { threadPool } = await import('@highball/thread-pool');
  const pool = threadPool({
    thread: { script: new URL('../../bin/thread.js', import.meta.url), data: plan },
    threads: settings.threads,
    timeoutMs: settings.timeout * 1000,
    bootTimeoutMs: settings.bootTimeout * 1000,
    log,
  });
  try {
    await pool.start();
  } catch (error) {
    // What the application threw is the cause, and says more than that a thread has failed.
    const cause = (error as Error).cause ?? error;
    throw new CommandError(oneLine(messageOf(cause)), { exitCode: APP_LOAD_ERROR, cause });
  }
  lifecycle.onStop((graceful) => (graceful ? pool.drain(settings.gracefulTimeout * 1000) : pool.close()));
  return pool;
}
