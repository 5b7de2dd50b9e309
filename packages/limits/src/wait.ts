import type { Environ } from '@highball/gateway-protocol';

/** Timers, so that a test has its own. @returns what takes it back. */
export type After = (ms: number, callback: () => void) => () => void;

/** The system's. */
export const systemAfter: After = (ms, callback) => {
  const timer = setTimeout(callback, ms);
  return () => clearTimeout(timer);
};

/** Waits; or until the client has left. @returns whether it is still there. */
export function waitWithClient(ms: number, environ: Environ, after: After): Promise<boolean> {
  const gone = environ['highball.signal']?.();
  return new Promise((resolve) => {
    const onGone = (): void => {
      cancel();
      resolve(false);
    };
    const cancel = after(ms, () => {
      gone?.removeEventListener('abort', onGone);
      resolve(true);
    });
    if (gone?.aborted) onGone();
    else gone?.addEventListener('abort', onGone, { once: true });
  });
}
