import type { Environ, HeaderList } from '@highball/gateway-protocol';
import { fieldValue } from './fields.ts';
import { parseDate } from './http-date.ts';

/** Fields by which a client asks on a condition (RFC 9110 §13.1); they speak of the client's copy, not of ours. */
export const CONDITIONS = [
  'HTTP_IF_NONE_MATCH',
  'HTTP_IF_MODIFIED_SINCE',
  'HTTP_IF_MATCH',
  'HTTP_IF_UNMODIFIED_SINCE',
  'HTTP_IF_RANGE',
] as const;

/** entity-tag = [ "W/" ] DQUOTE *etagc DQUOTE (RFC 9110 §8.8.3) */
const TAGS = /(?:W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/** Whether the client's copy is the stored response (RFC 9111 §4.3.2): then 304 answers it. */
export function isNotModified(environ: Environ, fields: HeaderList, now: number): boolean {
  const wanted = environ.HTTP_IF_NONE_MATCH;
  if (wanted !== undefined) return matchesTag(wanted, fieldValue(fields, 'etag'));
  const since = environ.HTTP_IF_MODIFIED_SINCE;
  if (since === undefined) return false;
  const limit = parseDate(since, now);
  // Without Last-Modified the response is as old as its Date (RFC 9111 §4.3.2).
  const modified = parseDate(fieldValue(fields, 'last-modified') ?? fieldValue(fields, 'date') ?? '', now);
  return limit !== undefined && modified !== undefined && modified <= limit;
}

function matchesTag(list: string, etag: string | undefined): boolean {
  if (list.trim() === '*') return true;
  if (etag === undefined) return false;
  // As it came: what browsers send, and tags that are not well-formed.
  if (list === etag) return true;
  const opaque = etag.replace(/^W\//, '');
  for (const [, tag] of list.matchAll(TAGS)) if (tag === opaque) return true;
  return false;
}

/** Whether a Range may be answered from the stored response (RFC 9110 §13.1.5: strong comparison). */
export function rangeApplies(environ: Environ, fields: HeaderList, now: number): boolean {
  const condition = environ.HTTP_IF_RANGE;
  if (condition === undefined) return true;
  if (condition.startsWith('"')) return condition === fieldValue(fields, 'etag');
  const date = parseDate(condition, now);
  const modified = parseDate(fieldValue(fields, 'last-modified') ?? '', now);
  const sent = parseDate(fieldValue(fields, 'date') ?? '', now);
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
