import { matchesEntityTag, parseHttpDate } from '@highball/http-semantics';

/** The fields by which a client makes a request conditional (RFC 9110 §13.1), as the environ has them. */
export type Conditions = Readonly<Record<`HTTP_${string}`, string | undefined>>;

/** What a representation is compared by. */
export interface Validators {
  /** A strong entity tag, with its quotes. */
  readonly etag: string;
  /** In whole seconds since the epoch. */
  readonly modifiedSeconds: number;
}

/**
 * Evaluates the preconditions in the order of RFC 9110 §13.2.2.
 * @returns 200 to go on, 304, or 412.
 */
export function evaluate(conditions: Conditions, validators: Validators): 200 | 304 | 412 {
  const ifMatch = conditions.HTTP_IF_MATCH;
  const ifUnmodifiedSince = conditions.HTTP_IF_UNMODIFIED_SINCE;
  if (ifMatch !== undefined) {
    if (!matchesEntityTag(ifMatch, validators.etag, 'strong')) return 412;
  } else if (ifUnmodifiedSince !== undefined) {
    const limit = secondsOf(ifUnmodifiedSince);
    if (limit !== undefined && validators.modifiedSeconds > limit) return 412;
  }
  const ifNoneMatch = conditions.HTTP_IF_NONE_MATCH;
  if (ifNoneMatch !== undefined) return matchesEntityTag(ifNoneMatch, validators.etag, 'weak') ? 304 : 200;
  const ifModifiedSince = conditions.HTTP_IF_MODIFIED_SINCE;
  if (ifModifiedSince === undefined) return 200;
  const limit = secondsOf(ifModifiedSince);
  return limit !== undefined && validators.modifiedSeconds <= limit ? 304 : 200;
}

/**
 * Whether a Range may be honoured: If-Range must name this very representation, by a strong tag or by the exact date
 * (RFC 9110 §13.1.5).
 * @param now - milliseconds since the epoch: the date of a file that changed in this second does not tell its states
 *   apart (§8.8.2.2).
 */
export function rangeApplies(ifRange: string | undefined, validators: Validators, now: number): boolean {
  if (ifRange === undefined) return true;
  if (ifRange.startsWith('"')) return ifRange === validators.etag;
  const { modifiedSeconds } = validators;
  return secondsOf(ifRange) === modifiedSeconds && modifiedSeconds < Math.floor(now / 1000);
}

/** An HTTP-date in the seconds that files are compared by; undefined when it is none. */
function secondsOf(date: string): number | undefined {
  const time = parseHttpDate(date, Date.now());
  return time === undefined ? undefined : time / 1000;
}
