import { LimitsOptionError } from './errors.ts';
import { LimitTable } from './limit-table.ts';
import { type Claim, GRANTED, type LimitStore } from './store.ts';

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** Keys of each limit; of more, the longest unused is forgotten. @default 65_536 */
  maxKeys?: number;
  /** Milliseconds that only go forward, for tests. @default performance.now */
  now?: () => number;
}

/** About 16 MB; an nginx zone of 10m holds 80,000 to 160,000. */
export const DEFAULT_MAX_KEYS = 65_536;

/**
 * Keeps the counts in the process. Answers at once.
 * @throws LimitsOptionError
 */
export function memoryStore(options: MemoryStoreOptions = {}): LimitStore {
  const { maxKeys = DEFAULT_MAX_KEYS, now = () => performance.now() } = options;
  checkMaxKeys(maxKeys);
  const table = new LimitTable(maxKeys);
  let serial = 0;
  return {
    acquire(claims) {
      const member = String(serial++);
      const { refusedBy, delayMs, retryAfterMs } = table.acquire(claims, member, Math.floor(now()));
      if (refusedBy === -1 && holdsAny(claims)) {
        return { refusedBy, delayMs, retryAfterMs, release: once(() => table.release(claims, member)) };
      }
      return refusedBy === -1 && delayMs === 0 ? GRANTED : { refusedBy, delayMs, retryAfterMs };
    },
    close: () => undefined,
  };
}

/** @throws LimitsOptionError */
export function checkMaxKeys(maxKeys: number): void {
  if (!(maxKeys >= 1)) throw new LimitsOptionError(`maxKeys must be at least 1, not ${maxKeys}`);
}

/** Whether something will have to be given back. */
export function holdsAny(claims: readonly Claim[]): boolean {
  return claims.some(({ limit }) => limit.kind === 'concurrency');
}

/** A function that does its work once. */
export function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    work();
  };
}
