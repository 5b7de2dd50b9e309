import { chooseCoding as choose, parseCodings, rememberField } from '@highball/http-semantics';

/** The coding of a precompressed sibling, by its ending. */
export const CODINGS = { br: 'br', zst: 'zstd', gz: 'gzip' } as const;

const weightsOf = rememberField(parseCodings);

/**
 * Chooses among the codings that there are, by Accept-Encoding (RFC 9110 §12.5.3).
 * @param available - in the order of the server's preference, which decides between equal weights.
 * @returns the coding, or `identity`; that is also the answer when the client refuses everything, since a file that
 *   is sent is of more use than 406.
 */
export function chooseCoding(accept: string | undefined, available: readonly string[]): string {
  if (accept === undefined || accept === '') return 'identity';
  return choose(weightsOf(accept), available).coding;
}
