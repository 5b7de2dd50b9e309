import type { Environ, HeaderField } from '@highball/gateway-protocol';
import type { Attempt } from './attempt.ts';
import { applyToPairs } from './header-rules.ts';
import type { ResolvedOptions } from './options.ts';
import { clientLocation, mapCookie } from './redirects.ts';
import type { SortedFields } from './response-fields.ts';
import { originOf } from './upstream.ts';

/** The upstream's fields of an answer as its client is to see them: places, cookies, then the rules. */
export function answerFields(
  sorted: SortedFields,
  environ: Environ,
  attempt: Attempt,
  options: ResolvedOptions,
): readonly HeaderField[] {
  const fields = rewritten(sorted, environ, attempt, options);
  if (options.responseRules.empty) return fields;
  const requestId = environ['highball.request_id'];
  return applyToPairs(options.responseRules, fields, {
    environ,
    requestId: typeof requestId === 'string' ? requestId : '',
    upstream: attempt.peer.id,
  });
}

/** With the client's places instead of the upstream's. */
function rewritten(
  { fields, location, cookies }: SortedFields,
  environ: Environ,
  { target }: Attempt,
  { rewriteRedirects, paths, cookies: cookieOptions }: ResolvedOptions,
): readonly HeaderField[] {
  const hasPlace = location !== undefined && rewriteRedirects;
  const hasCookies = cookies && cookieOptions !== undefined;
  if (!hasPlace && !hasCookies) return fields;
  const origin = originOf(target);
  return fields.map(([name, value]) => {
    const lower = name.toLowerCase();
    if (hasPlace && lower === 'location') return [name, clientLocation(value, origin, paths, environ)];
    if (hasCookies && lower === 'set-cookie') return [name, mapCookie(value, cookieOptions)];
    return [name, value];
  });
}
