import { reasonPhrase } from '@highball/http-semantics';

/**
 * The status as start_response takes it: `'404 Not Found'`.
 * @param statusText - empty in most: `Response` leaves the reason phrase out.
 */
export function statusLine(status: number, statusText: string): string {
  // A reason may be empty, its space may not (RFC 9112 §4).
  return `${status} ${statusText === '' ? (reasonPhrase(status) ?? '') : statusText}`;
}
