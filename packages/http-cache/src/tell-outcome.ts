import type { Environ, HeaderList } from '@highball/gateway-protocol';
import { addCacheStatus, type CacheOutcome } from './cache-status.ts';

/** What the cache did, in nginx's words for `$upstream_cache_status`. */
export type CacheWord = 'HIT' | 'MISS' | 'BYPASS' | 'EXPIRED' | 'STALE' | 'UPDATING' | 'REVALIDATED';

/**
 * Tells what the cache did: the client by Cache-Status, and the tiers around, such as an access log, by
 * `environ['highball.cache_status']`.
 */
export function tellOutcome(
  environ: Environ,
  fields: HeaderList,
  name: string | false,
  outcome: CacheOutcome,
): void {
  environ['highball.cache_status'] = wordOf(outcome);
  addCacheStatus(fields, name, outcome);
}

function wordOf({ hit, fwd, fwdStatus, collapsed, detail }: CacheOutcome): CacheWord {
  if (detail?.startsWith('stale-if-error')) return 'STALE';
  if (hit) return detail === 'stale-while-revalidate' ? 'UPDATING' : 'HIT';
  if (collapsed) return 'HIT';
  if (fwd === 'bypass' || fwd === 'method') return 'BYPASS';
  if (fwdStatus === 304) return 'REVALIDATED';
  return fwd === 'stale' || fwd === 'request' ? 'EXPIRED' : 'MISS';
}
