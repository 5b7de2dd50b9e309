import { WorkerError } from './errors.ts';
import type { WorkerFailure } from './protocol.ts';

/** How a worker has ended. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Time in service; undefined for one that was never ready. */
  readonly servedMs: number | undefined;
  /** It had been told to stop. */
  readonly expected: boolean;
}

/** `exited with code 1`, `was ended by SIGKILL` */
export function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
}

/** Why a worker has ended before it was ready. @param failure - in its own words, if it has said any. */
export function bootError(
  label: string,
  { code, signal }: Pick<WorkerExit, 'code' | 'signal'>,
  failure: WorkerFailure | undefined,
): WorkerError {
  const why = failure?.message ?? `it ${describeExit(code, signal)} before it was ready`;
  const cause = failure && Object.assign(new Error(failure.message), { stack: failure.stack });
  return new WorkerError(
    (failure?.application ?? code === 4) ? 'application' : 'worker-boot',
    `${label} failed to boot: ${why}`,
    cause && { cause },
  );
}
