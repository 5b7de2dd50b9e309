/** The coding of a precompressed sibling, by its ending. */
export const CODINGS = { br: 'br', zst: 'zstd', gz: 'gzip' } as const;

type Weights = ReadonlyMap<string, number>;

/** All browsers together send a dozen different values; each is read once. */
const MAX_REMEMBERED = 64;
const MAX_REMEMBERED_LENGTH = 256;
const remembered = new Map<string, Weights>();

/**
 * Chooses among the codings that there are, by Accept-Encoding (RFC 9110 §12.5.3).
 * @param available - in the order of the server's preference, which decides between equal weights.
 * @returns the coding, or `identity`; that is also the answer when the client refuses everything, since a file that
 *   is sent is of more use than 406.
 */
export function chooseCoding(accept: string | undefined, available: readonly string[]): string {
  if (accept === undefined || accept === '') return 'identity';
  const weights = weightsOf(accept);
  const all = weights.get('*');
  let best = 'identity';
  let bestWeight = weights.get('identity') ?? 0;
  for (const coding of available) {
    const weight = weights.get(coding) ?? all ?? 0;
    if (weight > 0 && (weight > bestWeight || (best === 'identity' && weight >= bestWeight))) {
      best = coding;
      bestWeight = weight;
    }
  }
  return best;
}

function weightsOf(accept: string): Weights {
  const known = remembered.get(accept);
  if (known !== undefined) return known;
  const weights = readWeights(accept);
  if (accept.length <= MAX_REMEMBERED_LENGTH && remembered.size < MAX_REMEMBERED) {
    remembered.set(accept, weights);
  }
  return weights;
}

function readWeights(accept: string): Weights {
  const weights = new Map<string, number>();
  for (const item of accept.toLowerCase().split(',')) {
    const [, coding, weight] =
      /^\s*([\w*.+-]+)\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?\s*$/.exec(item) ?? [];
    if (coding === undefined) continue;
    weights.set(coding === 'x-gzip' ? 'gzip' : coding, weight === undefined ? 1 : Number(weight));
  }
  return weights;
}
