import type { Environ, HeaderList } from '@highball/gateway-protocol';
import type { Attempt } from './attempt.ts';
import { applyToPairs } from './header-rules.ts';
import type { ResolvedOptions } from './options.ts';
import { clientLocation, mapCookies } from './redirects.ts';
import type { SortedFields } from './response-fields.ts';
import { originOf } from './upstream.ts';

/** The fields of an answer as its client is to see them: places, cookies, then the rules. */
export function answerFields(
  sorted: SortedFields,
  environ: Environ,
  { peer, target }: Attempt,
  options: ResolvedOptions,
): HeaderList {
  const { fields } = sorted;
  if (sorted.location !== undefined && options.rewriteRedirects) {
    const origin = originOf(target);
    for (const field of fields) {
      if (field[0].toLowerCase() !== 'location') continue;
      field[1] = clientLocation(field[1], origin, options.paths, environ);
    }
  }
  if (sorted.cookies && options.cookies !== undefined) mapCookies(fields, options.cookies);
  if (options.responseRules.empty) return fields;
  const requestId = environ['highball.request_id'];
  return applyToPairs(options.responseRules, fields, {
    environ,
    requestId: typeof requestId === 'string' ? requestId : '',
    upstream: peer.id,
  });
}
