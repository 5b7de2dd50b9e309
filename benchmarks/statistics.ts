/** The middle one; of an even number the mean of the two in the middle. NaN where there is none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1] ?? Number.NaN;
  const lower = sorted[(sorted.length - 1) >> 1] ?? Number.NaN;
  return (lower + upper) / 2;
}

/** The value that so many per cent do not exceed (nearest rank). NaN where there is none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** What is ours as a multiple of what is theirs. */
export interface Ratio {
  /** The median over the rounds. */
  readonly value: number;
  readonly least: number;
  readonly most: number;
}

/**
 * Compares what was measured in turns: each round's pair by itself, since a neighbour on the machine who disturbs a
 * round disturbs both.
 */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Ratio {
  const rounds = ours.map((value, i) => value / (theirs[i] ?? Number.NaN));
  return { value: median(rounds), least: Math.min(...rounds), most: Math.max(...rounds) };
}
