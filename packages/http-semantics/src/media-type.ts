import type { Weights } from './weights.ts';

/**
 * The weight that a client gives a media type: of the ranges that it is in, the most precise counts, `type/subtype`
 * before `type/*` before any at all (RFC 9110 §12.5.1).
 *
 * @param ranges - the client's, by `parseWeights` of Accept.
 * @param type - in lower case, without parameters.
 * @returns 0 when it is in none.
 */
export function mediaTypeWeight(ranges: Weights, type: string): number {
  const anyOfType = `${type.slice(0, type.indexOf('/'))}/*`;
  return ranges.get(type) ?? ranges.get(anyOfType) ?? ranges.get('*/*') ?? 0;
}
