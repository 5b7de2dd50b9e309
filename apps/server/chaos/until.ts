import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_MS = 50;

/**
 * Waits until something holds: there are no events for what other processes do.
 * @throws Error when it does not within the time.
 */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s in vain: ${what}`);
    await sleep(LOOK_MS);
  }
}
