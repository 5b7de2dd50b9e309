import type { Detail } from './benchmark.ts';
import { median } from './statistics.ts';

/** What was measured of a server in one round. */
export type Sample = Pick<
  Detail,
  'perSecond' | 'p50Us' | 'p99Us' | 'cpuUs' | 'busy' | 'residentBytes' | 'bytes'
>;

/** The medians of all rounds. */
export function detailOf(
  measured: Pick<Detail, 'benchmark' | 'load' | 'server'>,
  samples: readonly Sample[],
): Detail {
  const of = (key: keyof Sample): number => median(samples.map((sample) => sample[key]));
  return {
    ...measured,
    perSecond: of('perSecond'),
    p50Us: of('p50Us'),
    p99Us: of('p99Us'),
    cpuUs: of('cpuUs'),
    busy: of('busy'),
    residentBytes: of('residentBytes'),
    bytes: of('bytes'),
  };
}
