import type { ForwardReason } from './cache-status.ts';
import { type Directives, secondsOf } from './directives.ts';
import { currentAge, type Freshness, timeToLive } from './freshness.ts';

/** What is to be done with a stored response that fits a request. */
export type Selection =
  | { readonly act: 'use'; readonly stale: boolean }
  | { readonly act: 'use-and-refresh' }
  | { readonly act: 'validate'; readonly because: ForwardReason };

/** What holds where the origin is silent. */
export interface StaleDefaults {
  readonly staleWhileRevalidateSeconds: number;
  readonly staleIfErrorSeconds: number;
}

/** RFC 9111 §4.2 and §5.2.1, RFC 5861 §3. */
export function select(
  freshness: Freshness,
  request: Directives,
  defaults: StaleDefaults,
  now: number,
): Selection {
  if (asksForMore(freshness, request, now)) return { act: 'validate', because: 'request' };
  if (freshness.noCache) return { act: 'validate', because: 'stale' };
  const ttl = timeToLive(freshness, now);
  if (ttl > 0) return { act: 'use', stale: false };
  if (freshness.mustRevalidate) return { act: 'validate', because: 'stale' };
  if (request.has('max-stale') && !freshness.sharedMaxAge) {
    // Without a number, any staleness will do (§5.2.1.2).
    const allowed = request.get('max-stale') === undefined ? Infinity : secondsOf(request, 'max-stale');
    if (-ttl <= (allowed ?? 0)) return { act: 'use', stale: true };
  }
  if (-ttl < staleWhileRevalidate(freshness, defaults)) return { act: 'use-and-refresh' };
  return { act: 'validate', because: 'stale' };
}

function asksForMore(freshness: Freshness, request: Directives, now: number): boolean {
  if (request.size === 0) return false;
  if (request.has('no-cache')) return true;
  const maxAge = secondsOf(request, 'max-age');
  if (maxAge !== undefined && currentAge(freshness, now) > maxAge && !request.has('max-stale')) return true;
  const minFresh = secondsOf(request, 'min-fresh');
  return minFresh !== undefined && timeToLive(freshness, now) < minFresh;
}

function staleWhileRevalidate(freshness: Freshness, defaults: StaleDefaults): number {
  if (freshness.staleWhileRevalidateSeconds > 0) return freshness.staleWhileRevalidateSeconds;
  return freshness.sharedMaxAge ? 0 : defaults.staleWhileRevalidateSeconds;
}

/** Whether a stale response may stand in for an error (RFC 5861 §4); the request may allow it too. */
export function mayStandIn(
  freshness: Freshness,
  request: Directives,
  defaults: StaleDefaults,
  now: number,
): boolean {
  if (freshness.mustRevalidate || freshness.noCache) return false;
  const byDefault = freshness.sharedMaxAge
    ? 0
    : Math.max(defaults.staleIfErrorSeconds, secondsOf(request, 'stale-if-error') ?? 0);
  return -timeToLive(freshness, now) < (freshness.staleIfErrorSeconds ?? byDefault);
}
