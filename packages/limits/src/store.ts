/** Requests a second, in the units of the leaky bucket. */
export interface RateLimit {
  readonly kind: 'rate';
  /** Whose state it is: limits of one name share their keys. */
  readonly name: string;
  /** Thousandths of requests a second. */
  readonly rate: number;
  /** So many thousandths of requests may exceed the rate; more are refused. */
  readonly burst: number;
  /** So many of them pass at once; the others wait until the rate allows them. */
  readonly delay: number;
}

/** Requests, or connections, at a time. */
export interface ConcurrencyLimit {
  readonly kind: 'concurrency';
  /** Whose state it is. */
  readonly name: string;
  readonly max: number;
}

/** What a store keeps. */
export type Limit = RateLimit | ConcurrencyLimit;

/** One limit that a request must keep. */
export interface Claim {
  readonly limit: Limit;
  readonly key: string;
  /** Of a concurrency limit: what counts once, however often it is claimed. Without it each claim counts. */
  readonly member?: string | undefined;
}

/** Whether a request may pass. */
export interface Decision {
  /** The index of the claim that refuses it; -1 when all grant it. */
  readonly refusedBy: number;
  /** How long it has to wait first. */
  readonly delayMs: number;
  /** When the same request might pass, where it is refused. */
  readonly retryAfterMs: number;
  /** To be called when the request is over, where a concurrency limit was claimed. Further calls do nothing. */
  readonly release?: (() => void) | undefined;
}

/** Keeps the counts, wherever they are. */
export interface LimitStore {
  /**
   * Claims all limits of a request, or none of them.
   * @returns a promise only where there is something to wait for; it is rejected with a StoreError.
   */
  acquire(claims: readonly Claim[]): Decision | Promise<Decision>;
  /** Gives back what it holds. */
  close(): void | Promise<void>;
}

/** Nothing to wait for, nothing to give back. */
export const GRANTED: Decision = Object.freeze({ refusedBy: -1, delayMs: 0, retryAfterMs: 0 });
