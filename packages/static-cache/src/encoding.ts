/** The coding of a precompressed sibling, by its ending. */
export const CODINGS = { br: 'br', zst: 'zstd', gz: 'gzip' } as const;

/**
 * Chooses among the codings that there are, by Accept-Encoding (RFC 9110 §12.5.3).
 * @param available - in the order of the server's preference.
 * @returns the coding, or `identity`; that is also the answer when the client refuses everything, since a file that
 *   is sent is of more use than 406.
 */
export function chooseCoding(accept: string | undefined, available: readonly string[]): string {
  if (accept === undefined || accept.trim() === '') return 'identity';
  const weights = readWeights(accept);
  const identity = weights.get('identity') ?? (weights.get('*') === 0 ? 0 : undefined);
  let best = 'identity';
  let bestWeight = identity ?? 0;
  for (const coding of available) {
    const weight = weights.get(coding) ?? weights.get('*') ?? 0;
    if (weight > 0 && (weight > bestWeight || (best === 'identity' && weight >= bestWeight))) {
      best = coding;
      bestWeight = weight;
    }
  }
  return best;
}

function readWeights(accept: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const item of accept.toLowerCase().split(',')) {
    const [, coding, weight] = /^\s*([\w*.+-]+)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*$/.exec(item) ?? [];
    if (coding === undefined) continue;
    weights.set(
      coding === 'x-gzip' ? 'gzip' : coding,
      weight === undefined ? 1 : Math.min(1, Number(weight)),
    );
  }
  return weights;
}
