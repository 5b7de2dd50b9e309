/** What a client wants of the codings that there are. */
export interface Negotiation {
  /** The name of a coding, or `identity`. */
  readonly coding: string;
  /** Whether the client refuses an answer that is not encoded. */
  readonly identityRefused: boolean;
}

const NO_PREFERENCE: Negotiation = { coding: 'identity', identityRefused: false };

/**
 * Chooses a coding by Accept-Encoding (RFC 9110 §12.5.3): the highest weight wins, the server's order decides
 * between equals. Without the field the client may take any coding, but nothing is encoded for it: who does not
 * ask may be unable to decode.
 *
 * @param accept - the field's value, several fields joined by commas.
 * @param available - names of codings in lower case, in the order of the server's preference.
 */
export function negotiate(accept: string | undefined, available: readonly string[]): Negotiation {
  if (accept === undefined) return NO_PREFERENCE;
  const weights = readWeights(accept);
  const rest = weights.get('*');
  const identity = weights.get('identity');
  const identityRefused = identity === 0 || (identity === undefined && rest === 0);
  let coding = 'identity';
  // A coding that is as welcome as identity is better for both sides.
  let best = identity ?? 0;
  for (const name of available) {
    const weight = weights.get(name) ?? rest ?? 0;
    if (weight === 0 || weight < best || (weight === best && coding !== 'identity')) continue;
    coding = name;
    best = weight;
  }
  return { coding, identityRefused };
}

/** `coding [ OWS ";" OWS "q=" qvalue ]` (RFC 9110 §12.4.2, §12.5.3). */
const ITEM = /^[ \t]*([!#$%&'*+.^_`|~\w-]+)(?:[ \t]*;[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?[ \t]*$/;

/** What is malformed is not asked for; of a coding that is named twice the first weight counts. */
function readWeights(accept: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const item of accept.toLowerCase().split(',')) {
    const [, name, weight] = ITEM.exec(item) ?? [];
    if (name === undefined) continue;
    // RFC 9110 §8.4.1.3: x-gzip is gzip.
    const coding = name === 'x-gzip' ? 'gzip' : name;
    if (!weights.has(coding)) weights.set(coding, weight === undefined ? 1 : Number(weight));
  }
  return weights;
}

/** There are only some dozen values in the world; whoever invents more shall not fill the memory. */
const MAX_REMEMBERED = 64;
/** Longer values are nobody's: see {@link MAX_REMEMBERED}. */
const MAX_REMEMBERED_LENGTH = 128;

/** {@link negotiate}, with the answers to the usual values remembered: a request then costs one look-up. */
export function createNegotiator(available: readonly string[]): (accept: string | undefined) => Negotiation {
  const remembered = new Map<string, Negotiation>();
  return (accept) => {
    if (accept === undefined) return NO_PREFERENCE;
    const known = remembered.get(accept);
    if (known !== undefined) return known;
    const negotiation = negotiate(accept, available);
    if (accept.length <= MAX_REMEMBERED_LENGTH) {
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      remembered.set(accept, negotiation);
    }
    return negotiation;
  };
}
