import { parseWeights, type Weights } from './weights.ts';

/** What a client wants of the codings that there are. */
export interface CodingChoice {
  /** The name of a coding, or `identity`. */
  readonly coding: string;
  /** Whether the client refuses an answer that is not encoded. */
  readonly identityRefused: boolean;
}

/** Reads Accept-Encoding. x-gzip is gzip, x-compress is compress (RFC 9110 §8.4.1). */
export function parseCodings(accept: string): Weights {
  const weights = parseWeights(accept);
  if (!accept.includes('x-') && !accept.includes('X-')) return weights;
  const plain = new Map<string, number>();
  for (const [name, weight] of weights) {
    const coding = name.replace(/^x-(?=gzip$|compress$)/, '');
    plain.set(coding, Math.max(weight, plain.get(coding) ?? 0));
  }
  return plain;
}

/**
 * Chooses a coding (RFC 9110 §12.5.3): the highest weight wins, the server's order decides between equals. A coding
 * that is as welcome as identity is better for both sides; one that the client did not speak of is not for it.
 *
 * @param weights - the client's, by {@link parseCodings}.
 * @param available - names in lower case, in the order of the server's preference.
 */
export function chooseCoding(weights: Weights, available: readonly string[]): CodingChoice {
  const rest = weights.get('*');
  const identity = weights.get('identity');
  let coding = 'identity';
  let best = identity ?? 0;
  for (const name of available) {
    const weight = weights.get(name) ?? rest ?? 0;
    if (weight === 0 || weight < best || (weight === best && coding !== 'identity')) continue;
    coding = name;
    best = weight;
  }
  return { coding, identityRefused: identity === 0 || (identity === undefined && rest === 0) };
}
