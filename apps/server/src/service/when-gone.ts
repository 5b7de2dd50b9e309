import { systemProcesses } from '@highball/daemon';

/** How often to look: there is no event for the end of a process that is no child. */
const LOOK_MS = 100;

/** Resolves when a process has ended; while it waits it keeps no process alive. */
export function whenGone(pid: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    if (systemProcesses.isAlive(pid)) return;
    clearInterval(timer);
    resolve();
  }, LOOK_MS);
  timer.unref();
  return promise;
}
