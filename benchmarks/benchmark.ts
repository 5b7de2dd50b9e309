import type { Options } from './options.ts';
import type { Ratio } from './statistics.ts';

/** A line of the table of targets. */
export interface Row {
  readonly work: string;
  readonly against: string;
  /** Ours as a multiple of theirs; missing where it was not measured. */
  readonly ratio?: Ratio;
  /** Why it was not measured. */
  readonly skipped?: string;
  /** Whether a larger ratio is the better one, or a smaller. */
  readonly better: 'more' | 'less';
  readonly target?: number;
  readonly aim?: number;
}

/** What was measured of one server under one load. */
export interface Detail {
  readonly benchmark: string;
  readonly load: string;
  readonly server: string;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** CPU time of a request, user and system, of all processes of the server. */
  readonly cpuUs: number;
  /** How much of the wall-clock time the server was at work: below one, something else was the limit. */
  readonly busy: number;
  readonly residentBytes: number;
  /** Of an answer, head and body. */
  readonly bytes: number;
}

export interface Outcome {
  readonly rows: readonly Row[];
  readonly details: readonly Detail[];
  /** Sentences that belong below the table. */
  readonly notes: readonly string[];
  /** What should have been measured and was not. */
  readonly failures: readonly string[];
}

export interface Context {
  readonly options: Options;
  /** A user's folder, with Highball installed, and with everything of `programs`. */
  readonly folder: string;
  log(line: string): void;
}

/** Something that is measured. */
export interface Benchmark {
  readonly name: string;
  run(context: Context): Promise<Outcome>;
}

/** Whether a row reaches what is wanted of it; undefined where it was not measured or nothing is wanted. */
export function reaches(row: Row, wanted: 'target' | 'aim'): boolean | undefined {
  const limit = row[wanted];
  if (row.ratio === undefined || limit === undefined) return undefined;
  return row.better === 'more' ? row.ratio.value >= limit : row.ratio.value <= limit;
}
