import type { HeaderList } from '@highball/gateway-protocol';

/** Why a request was forwarded (RFC 9211 §2.2). */
export type ForwardReason = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'request' | 'stale' | 'partial';

/** What the cache did with a request. */
export interface CacheOutcome {
  hit?: boolean;
  fwd?: ForwardReason;
  fwdStatus?: number;
  /** Seconds; negative when stale. */
  ttl?: number;
  stored?: boolean;
  collapsed?: boolean;
  /** One token: why it was not stored, or used stale. */
  detail?: string;
}

/**
 * Adds this cache's member to Cache-Status (RFC 9211), behind those of caches nearer to the origin.
 * @param name - what this cache is called; false adds nothing.
 */
export function addCacheStatus(fields: HeaderList, name: string | false, outcome: CacheOutcome): void {
  if (name !== false) fields.push(['Cache-Status', formatStatus(name, outcome)]);
}

function formatStatus(name: string, outcome: CacheOutcome): string {
  let text = name;
  if (outcome.hit) text += '; hit';
  if (outcome.fwd !== undefined) text += `; fwd=${outcome.fwd}`;
  if (outcome.fwdStatus !== undefined) text += `; fwd-status=${outcome.fwdStatus}`;
  if (outcome.ttl !== undefined) text += `; ttl=${Math.floor(outcome.ttl)}`;
  if (outcome.stored) text += '; stored';
  if (outcome.collapsed) text += '; collapsed';
  if (outcome.detail !== undefined) text += `; detail=${outcome.detail}`;
  return text;
}
