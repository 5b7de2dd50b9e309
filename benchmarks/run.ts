/**
 * Compares Highball with what does the same work elsewhere, all in one run: `npm run bench`. README.md says how.
 */
import { resolve } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import type { Benchmark, Context, Outcome } from './benchmark.ts';
import { prepareFolder } from './folder.ts';
import { isComplete, type Options, parseOptions, USAGE } from './options.ts';
import { allPeers, missing, whyMissing } from './peers.ts';
import { writeDocuments } from './report/documents.ts';
import { machine } from './report/machine.ts';
import { figures } from './report/table.ts';
import { idle } from './rows/idle.ts';
import { latency } from './rows/latency.ts';
import { parser } from './rows/parser.ts';
import { scaling } from './rows/scaling.ts';
import { throughputs } from './rows/throughput.ts';

const benchmarks: readonly Benchmark[] = [...throughputs, idle, latency, parser, scaling];
/** In a smoke test, whose figures mean nothing, so many run beside each other. */
const SMOKE_LANES = 2;

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else await runAll(options);
} catch (error) {
  console.error(error instanceof TypeError ? `${error.message}\n\n${USAGE}` : error);
  process.exitCode = 1;
}

async function runAll(options: Options): Promise<void> {
  const begun = performance.now();
  const chosen = choose(options);
  for (const name of missing(allPeers))
    console.error(`not here: ${whyMissing([name])?.slice('needs '.length)}`);
  const needed = whyMissing(['wrk']);
  if (needed !== undefined) throw new Error(`a benchmark ${needed}`);
  await using folder = await temporaryFolder();
  await prepareFolder(folder.path);
  const profile = options.profile === undefined ? {} : { profile: resolve(options.profile) };
  const context: Context = {
    options: { ...options, ...profile },
    folder: folder.path,
    log: (line) => console.error(line),
  };
  const outcomes = await runInLanes(chosen, context, options.smoke ? SMOKE_LANES : 1);
  const failures = outcomes.flatMap((outcome) => outcome.failures);
  const command = [
    'npm run bench',
    ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : []),
  ].join(' ');
  console.log(figures(outcomes, machine(new Date()), command));
  if (isComplete(options)) await writeDocuments(outcomes, command);
  for (const failure of failures) console.error(`failed: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
  console.error(`${Math.round((performance.now() - begun) / 1000)} seconds`);
}

/** @throws TypeError when a name fits none. */
function choose({ only }: Options): Benchmark[] {
  for (const part of only) {
    if (!benchmarks.some(({ name }) => name.includes(part))) {
      throw new TypeError(
        `no benchmark is called ${part}; there are ${benchmarks.map(({ name }) => name).join(', ')}`,
      );
    }
  }
  return benchmarks.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)));
}

async function runInLanes(chosen: readonly Benchmark[], context: Context, lanes: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const next = chosen.entries();
  const lane = async (): Promise<void> => {
    for (const [i, benchmark] of next) {
      const log = (line: string): void => context.log(`${benchmark.name}: ${line}`);
      outcomes[i] = await benchmark
        .run({ ...context, log })
        .catch((error: Error) => failed(benchmark, error));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return outcomes;
}

/** One that fails takes no other with it. */
function failed({ name }: Benchmark, error: Error): Outcome {
  return { rows: [], details: [], notes: [], failures: [`${name}: ${error.message}`] };
}
