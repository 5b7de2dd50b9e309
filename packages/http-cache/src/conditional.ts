import type { Environ, HeaderList } from '@highball/gateway-protocol';
import { matchesEntityTag, parseHttpDate } from '@highball/http-semantics';
import { fieldValue } from './fields.ts';

/** Fields by which a client asks on a condition (RFC 9110 §13.1); they speak of the client's copy, not of ours. */
export const CONDITIONS = [
  'HTTP_IF_NONE_MATCH',
  'HTTP_IF_MODIFIED_SINCE',
  'HTTP_IF_MATCH',
  'HTTP_IF_UNMODIFIED_SINCE',
  'HTTP_IF_RANGE',
] as const;

/** Whether the client's copy is the stored response (RFC 9111 §4.3.2): then 304 answers it. */
export function isNotModified(environ: Environ, fields: HeaderList, now: number): boolean {
  const wanted = environ.HTTP_IF_NONE_MATCH;
  if (wanted !== undefined) return matchesEntityTag(wanted, fieldValue(fields, 'etag'), 'weak');
  const since = environ.HTTP_IF_MODIFIED_SINCE;
  if (since === undefined) return false;
  const limit = parseHttpDate(since, now);
  // Without Last-Modified the response is as old as its Date (RFC 9111 §4.3.2).
  const modified = parseHttpDate(
    fieldValue(fields, 'last-modified') ?? fieldValue(fields, 'date') ?? '',
    now,
  );
  return limit !== undefined && modified !== undefined && modified <= limit;
}

/** Whether a Range may be answered from the stored response (RFC 9110 §13.1.5: strong comparison). */
export function rangeApplies(environ: Environ, fields: HeaderList, now: number): boolean {
  const condition = environ.HTTP_IF_RANGE;
  if (condition === undefined) return true;
  if (condition.startsWith('"')) return condition === fieldValue(fields, 'etag');
  const date = parseHttpDate(condition, now);
  const modified = parseHttpDate(fieldValue(fields, 'last-modified') ?? '', now);
  const sent = parseHttpDate(fieldValue(fields, 'date') ?? '', now);
  // A date is a strong validator when the response is at least a second younger (RFC 9110 §8.8.2.2).
  return date !== undefined && date === modified && sent !== undefined && sent - modified >= 1000;
}

/** The fields that ask the origin whether the stored response is still good (RFC 9111 §4.3.1). */
export function validators(fields: HeaderList): Partial<Record<(typeof CONDITIONS)[number], string>> {
  const etag = fieldValue(fields, 'etag');
  const modified = fieldValue(fields, 'last-modified');
  return {
    ...(etag !== undefined && { HTTP_IF_NONE_MATCH: etag }),
    ...(modified !== undefined && { HTTP_IF_MODIFIED_SINCE: modified }),
  };
}
