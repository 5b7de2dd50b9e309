import type { Benchmark, Context, Outcome } from '../benchmark.ts';
import { BOTH_CPUS, pinned } from '../cpu.ts';
import { cpuMs } from '../processes.ts';
import { type RunningServer, startServer } from '../server.ts';
import { serve } from '../servers/highball.ts';
import { median, ratioOf } from '../statistics.ts';
import { runWrk } from '../wrk.ts';

const LOAD = { connections: 64, client: 'browser', paths: ['/'] } as const;
const ROW = {
  work: '2 workers that compute, on 2 cores',
  against: '1 worker',
  better: 'more',
} as const;

/** What a second worker brings, and what the master takes. */
export const scaling: Benchmark = { name: 'scaling', run: compareWorkers };

interface Measured {
  readonly perSecond: number;
  /** CPU time of the master in a second. */
  readonly masterMs: number;
}

async function compareWorkers(context: Context): Promise<Outcome> {
  if (!pinned) {
    return {
      rows: [{ ...ROW, skipped: 'needs two CPUs and taskset' }],
      details: [],
      notes: [],
      failures: [],
    };
  }
  const { folder, options } = context;
  await using one = await startServer(serve('busy.ts:app', 1), { folder, cpus: BOTH_CPUS });
  await using two = await startServer(serve('busy.ts:app', 2), { folder, cpus: BOTH_CPUS });
  const results = new Map<RunningServer, Measured[]>([two, one].map((server) => [server, []]));
  for (const server of results.keys()) await runWrk(server.port, LOAD, 1, BOTH_CPUS);
  for (let round = 0; round < options.rounds; round++) {
    for (const [server, each] of results) each.push(await measure(server, options.seconds));
  }
  const [ofTwo = [], ofOne = []] = [...results.values()];
  const rates = (each: readonly Measured[]): number[] => each.map(({ perSecond }) => perSecond);
  const masterMs = median(ofTwo.map(({ masterMs }) => masterMs));
  const note = `Two workers answered ${Math.round(median(rates(ofTwo)))} requests a second, one ${Math.round(median(rates(ofOne)))}; wrk shared their CPUs. The master took ${masterMs.toFixed(1)} ms of CPU time a second meanwhile.`;
  context.log(note);
  return {
    rows: [{ ...ROW, ratio: ratioOf(rates(ofTwo), rates(ofOne)) }],
    details: [],
    notes: [note],
    failures: [],
  };
}

async function measure(server: RunningServer, seconds: number): Promise<Measured> {
  const [master = 0] = server.pids;
  const before = cpuMs([master]);
  const { requests, durationUs } = await runWrk(server.port, LOAD, seconds, BOTH_CPUS);
  return {
    perSecond: (requests / durationUs) * 1e6,
    masterMs: ((cpuMs([master]) - before) / durationUs) * 1e6,
  };
}
