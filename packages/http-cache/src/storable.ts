import type { HeaderList } from '@highball/gateway-protocol';
import { hasMember, listMembers } from '@highball/http-semantics';
import { fieldValue } from './fields.ts';
import { type Freshness, isHeuristic } from './freshness.ts';
import type { ResponseControl } from './targeted.ts';

/** Final statuses whose meaning for caches is known here (RFC 9110 §15; must-understand, RFC 9111 §5.2.2.3). */
const UNDERSTOOD: ReadonlySet<number> = new Set([
  200, 203, 204, 300, 301, 302, 303, 307, 308, 400, 404, 405, 410, 414, 451, 500, 501, 502, 503, 504,
]);

/** Why a response is not stored; it is told in Cache-Status. */
export type NotStoredReason =
  | 'status'
  | 'no-store'
  | 'private'
  | 'authorization'
  | 'vary'
  | 'set-cookie'
  | 'no-freshness'
  | 'too-large'
  | 'min-uses'
  | 'request-no-store';

/** What of a request matters for the question. */
export interface StoringRequest {
  readonly authorized: boolean;
  readonly noStore: boolean;
}

/** The fields that are kept out of the store because their directive names them (RFC 9111 §5.2.2.4, §5.2.2.7). */
export function withheldFields({ directives }: ResponseControl): string[] {
  return [...listMembers(directives.get('no-cache')), ...listMembers(directives.get('private'))];
}

/**
 * Why a response to GET must not, or need not, be stored (RFC 9111 §3); undefined when it is to be.
 * @param fields - those that would be stored.
 * @param storeCookies - whether Set-Cookie is stored like any other field.
 */
export function whyNotStored(
  request: StoringRequest,
  status: number,
  fields: HeaderList,
  control: ResponseControl,
  freshness: Freshness,
  storeCookies: boolean,
): NotStoredReason | undefined {
  const { directives } = control;
  if (request.noStore) return 'request-no-store';
  const statusKnown = UNDERSTOOD.has(status);
  // A part is no whole, and a 304 is about what is stored already.
  if (status < 200 || status === 206 || status === 304) return 'status';
  if (directives.has('must-understand') && !statusKnown) return 'status';
  if (directives.has('no-store') && !directives.has('must-understand')) return 'no-store';
  if (directives.has('private') && directives.get('private') === undefined) return 'private';
  if (request.authorized && !mayShareAuthorized(control)) return 'authorization';
  if (hasMember(fieldValue(fields, 'vary'), '*')) return 'vary';
  if (!storeCookies && fieldValue(fields, 'set-cookie') !== undefined) return 'set-cookie';
  return isOfUse(status, fields, control, freshness) ? undefined : 'no-freshness';
}

/** RFC 9111 §3.5. */
function mayShareAuthorized({ directives }: ResponseControl): boolean {
  return directives.has('public') || directives.has('s-maxage') || directives.has('must-revalidate');
}

/**
 * It can be used as it is, or after a question to the origin that is cheaper than the response itself; and the origin
 * said so, or the status is one that says so (RFC 9111 §3).
 */
function isOfUse(
  status: number,
  fields: HeaderList,
  { directives }: ResponseControl,
  freshness: Freshness,
): boolean {
  if (!freshness.explicit && !directives.has('public') && !isHeuristic(status)) return false;
  if (fieldValue(fields, 'etag') !== undefined || fieldValue(fields, 'last-modified') !== undefined)
    return true;
  const { lifetimeSeconds, initialAgeSeconds, staleWhileRevalidateSeconds, staleIfErrorSeconds } = freshness;
  if (freshness.noCache) return false;
  if (lifetimeSeconds > initialAgeSeconds) return true;
  return staleWhileRevalidateSeconds > 0 || (staleIfErrorSeconds ?? 0) > 0;
}
