/*
 * The leaky bucket of nginx's ngx_http_limit_req_module, in its own units: requests count in thousandths, time in
 * milliseconds, both whole numbers; so decisions are the same to the millisecond.
 */

/** What one request adds. */
export const REQUEST = 1000;
/** A clock that was set back further than this is believed (nginx). */
const MAX_BACKWARD_MS = 60_000;

/** The state of one key. */
export interface Bucket {
  /** Thousandths of requests beyond the rate. */
  excess: number;
  /** When that was, in milliseconds. */
  last: number;
}

/**
 * What the excess becomes with one more request: `max(0, excess - rate * ms / 1000 + 1000)`. The first request of a
 * key has none.
 * @param rate - thousandths of requests a second.
 */
export function nextExcess(bucket: Bucket | undefined, rate: number, now: number): number {
  if (bucket === undefined) return 0;
  const excess = bucket.excess - Math.floor((rate * elapsed(bucket, now)) / 1000) + REQUEST;
  return excess < 0 ? 0 : excess;
}

/** Accounts a request that was let pass. */
export function account(bucket: Bucket, excess: number, now: number): void {
  if (elapsed(bucket, now) > 0) bucket.last = now;
  bucket.excess = excess;
}

function elapsed({ last }: Bucket, now: number): number {
  const ms = now - last;
  if (ms >= 0) return ms;
  return ms < -MAX_BACKWARD_MS ? 1 : 0;
}

/** How long a request must wait whose excess is beyond what may pass at once. */
export function delayOf(excess: number, atOnce: number, rate: number): number {
  return excess <= atOnce ? 0 : Math.floor(((excess - atOnce) * 1000) / rate);
}

/** When the same request would pass. */
export function retryAfter(excess: number, burst: number, rate: number): number {
  return Math.ceil(((excess - burst) * 1000) / rate);
}
