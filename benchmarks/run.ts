/**
 * Compares Highball with what does the same work elsewhere, all in one run: `npm run bench`. README.md says how.
 */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import type { Context, Outcome } from './benchmark.ts';
import { installHighball } from './installation.ts';
import { isComplete, type Options, parseOptions, USAGE } from './options.ts';
import { allPeers, missing, whyMissing } from './peers.ts';
import { throughputs } from './rows/throughput.ts';

const benchmarks = [...throughputs];

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else await runAll(options);
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}

async function runAll(options: Options): Promise<void> {
  const begun = Date.now();
  const cannot = whyMissing(['wrk']);
  if (cannot !== undefined) throw new Error(`the benchmarks ${cannot}`);
  for (const name of missing(allPeers)) console.error(`without ${whyMissing([name])?.replace('needs ', '')}`);
  await using folder = await temporaryFolder();
  await prepareFolder(folder.path);
  const context: Context = { options, folder: folder.path, log: (line) => console.error(line) };
  const outcomes: Outcome[] = [];
  for (const benchmark of chosen(options)) {
    console.error(benchmark.name);
    outcomes.push(await benchmark.run(context));
  }
  console.log(
    JSON.stringify(
      outcomes.flatMap(({ rows }) => rows),
      undefined,
      1,
    ),
  );
  console.error(`${Math.round((Date.now() - begun) / 1000)} seconds`);
  void isComplete;
}

function chosen({ only }: Options): typeof benchmarks {
  if (only.length === 0) return benchmarks;
  return benchmarks.filter(({ name }) => only.some((part) => name.includes(part)));
}

/** What a user's folder has: Highball, programs, and files to serve. */
async function prepareFolder(folder: string): Promise<void> {
  await installHighball(folder);
  await cp(join(import.meta.dirname, 'programs'), folder, { recursive: true });
  await mkdir(join(folder, 'files'));
  for (const [name, bytes] of Object.entries({ '1k': 1024, '10k': 10_240, '1m': 1_048_576 })) {
    await writeFile(join(folder, 'files', `${name}.html`), Buffer.alloc(bytes, 'x'));
  }
}
