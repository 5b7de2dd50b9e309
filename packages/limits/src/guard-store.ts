import { StoreError } from './errors.ts';
import { type Claim, type Decision, GRANTED, type LimitStore } from './store.ts';

/** What a request gets while the store is away: pass, refuse, or what a store of the process says. */
export type StoreFailurePolicy = 'open' | 'closed' | 'local';

/** What {@link guardStore} needs. */
export interface GuardOptions {
  readonly policy: StoreFailurePolicy;
  /** A request waits for the store so long. */
  readonly deadlineMs: number;
  /** After a failure the store is asked by one request in so long, until it answers again. */
  readonly retryMs: number;
  /** Asked while the store is away. */
  readonly local: LimitStore;
  readonly now: () => number;
  readonly after: (ms: number, callback: () => void) => () => void;
  /** Told when the store goes away, and when it is back. */
  readonly onChange: (error: unknown) => void;
}

/** Refused by no claim: by the store being away. */
export const STORE_AWAY = -2;

/**
 * Puts a deadline on a store. One that fails is left alone for a while: no request waits for what is known to be
 * away (a circuit breaker that opens at the first failure and lets one request try at a time).
 */
export function guardStore(store: LimitStore, options: GuardOptions): LimitStore {
  const { policy, deadlineMs, retryMs, local, now, after, onChange } = options;
  let awayUntil = Number.NEGATIVE_INFINITY;
  let away = false;

  const substitute = (claims: readonly Claim[]): Decision | Promise<Decision> => {
    if (policy === 'local') return local.acquire(claims);
    return policy === 'open' ? GRANTED : { refusedBy: STORE_AWAY, delayMs: 0, retryAfterMs: retryMs };
  };
  const fail = (error: unknown): void => {
    awayUntil = now() + retryMs;
    if (!away) onChange(error);
    away = true;
  };
  const recover = (): void => {
    if (away) onChange(undefined);
    away = false;
  };

  const wait = async (asked: Promise<Decision>, claims: readonly Claim[]): Promise<Decision> => {
    let cancel: (() => void) | undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = after(deadlineMs, () => {
        reject(new StoreError('STORE_TIMEOUT', `no answer within ${deadlineMs} ms`));
      });
    });
    try {
      const decision = await Promise.race([asked, late]);
      recover();
      return decision;
    } catch (error) {
      // It may be answered yet, for a request that went its way already: nothing may stay held.
      void releaseLater(asked);
      fail(error);
      return substitute(claims);
    } finally {
      cancel?.();
    }
  };

  return {
    acquire(claims) {
      if (away) {
        const moment = now();
        if (moment < awayUntil) return substitute(claims);
        // One tries; the others do not wait for it.
        awayUntil = moment + retryMs;
      }
      let asked: Decision | Promise<Decision>;
      try {
        asked = store.acquire(claims);
      } catch (error) {
        fail(error);
        return substitute(claims);
      }
      return asked instanceof Promise ? wait(asked, claims) : asked;
    },
    async close() {
      await store.close();
      await local.close();
    },
  };
}

async function releaseLater(asked: Promise<Decision>): Promise<void> {
  try {
    (await asked).release?.();
  } catch {
    // It holds nothing.
  }
}
