/** The fields by which a client makes a request conditional (RFC 9110 §13.1). */
export interface Conditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
  readonly ifModifiedSince: string | undefined;
  readonly ifUnmodifiedSince: string | undefined;
}

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
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  if (ifMatch !== undefined) {
    if (!listMatches(ifMatch, validators.etag, 'strong')) return 412;
  } else if (ifUnmodifiedSince !== undefined) {
    const limit = parseDate(ifUnmodifiedSince);
    if (limit !== undefined && validators.modifiedSeconds > limit) return 412;
  }
  if (ifNoneMatch !== undefined) return listMatches(ifNoneMatch, validators.etag, 'weak') ? 304 : 200;
  if (ifModifiedSince === undefined) return 200;
  const limit = parseDate(ifModifiedSince);
  return limit !== undefined && validators.modifiedSeconds <= limit ? 304 : 200;
}

/** Whether a Range may be honoured: If-Range must name this very representation (RFC 9110 §13.1.5). */
export function rangeApplies(ifRange: string | undefined, validators: Validators): boolean {
  if (ifRange === undefined) return true;
  if (ifRange.startsWith('"')) return ifRange === validators.etag;
  return parseDate(ifRange) === validators.modifiedSeconds;
}

/** Whether a list of entity tags, or `*`, has this one (RFC 9110 §8.8.3.2). */
function listMatches(list: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (list.trim() === '*') return true;
  for (const [, weak, tag] of list.matchAll(/(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g)) {
    if (tag === etag && (comparison === 'weak' || weak === undefined)) return true;
  }
  return false;
}

/** Seconds since the epoch of an HTTP-date (RFC 9110 §5.6.7); undefined when it is none, to be ignored then. */
function parseDate(text: string): number | undefined {
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : Math.floor(time / 1000);
}
