import type { UpstreamError } from './errors.ts';

/** Methods whose repetition changes nothing (RFC 9110 §9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

/** Retries are at most this share of the requests, so that a failing upstream is not finished off by them. */
const BUDGET_SHARE = 0.2;
const BUDGET_LEAST = 3;
const BUDGET_WINDOW_MS = 10_000;

/** What to do after a failure: try again elsewhere, on a fresh connection to the same peer, or give up. */
export type RetryDecision = 'next-peer' | 'fresh-connection' | 'give-up';

/** What counts of a request. */
export interface Repeatable {
  readonly method: string;
  readonly body: { readonly replayable: boolean; readonly started: boolean } | undefined;
}

/** Whether a request may be sent again though it may have had its effect already. */
export function isRepeatable({ method, body }: Repeatable): boolean {
  return IDEMPOTENT.has(method) && (body === undefined || body.replayable);
}

/**
 * Decides about a retry. Nothing sent: any method may go to the next peer. A reused connection that died before the
 * first byte of an answer: the upstream had probably closed it already, so an idempotent request whose body can be
 * sent again goes out once more. What an upstream of HTTP/2 has refused, it says, had no effect: any method goes out
 * once more over another connection, and from a connection that was new to the next peer. Anything else may have had
 * its effect.
 */
export function decideRetry(error: UpstreamError, request: Repeatable): RetryDecision {
  if (error.code === 'CONNECT_FAILED' || error.code === 'CONNECT_TIMEOUT' || error.code === 'REFUSED') {
    if (request.body?.started === true && !request.body.replayable) return 'give-up';
    return error.code === 'REFUSED' && error.reused ? 'fresh-connection' : 'next-peer';
  }
  if (error.code !== 'RESET' || error.answered || !isRepeatable(request)) return 'give-up';
  return error.reused ? 'fresh-connection' : 'next-peer';
}

/** Counts requests and retries over a window of time. */
export class RetryBudget {
  readonly #now: () => number;
  #windowStart: number;
  #requests = 0;
  #retries = 0;

  constructor(now: () => number) {
    this.#now = now;
    this.#windowStart = now();
  }

  /** @param now - of the request's own start, so that the clock need not be asked again. */
  countRequest(now: number = this.#now()): void {
    if (now - this.#windowStart > BUDGET_WINDOW_MS) {
      this.#windowStart = now;
      this.#requests = 0;
      this.#retries = 0;
    }
    this.#requests++;
  }

  /** Takes one retry out of the budget, if there is one. */
  take(): boolean {
    if (this.#retries >= Math.max(BUDGET_LEAST, this.#requests * BUDGET_SHARE)) return false;
    this.#retries++;
    return true;
  }

  /** Gives one back: there was no peer to try. */
  giveBack(): void {
    this.#retries = Math.max(0, this.#retries - 1);
  }
}
