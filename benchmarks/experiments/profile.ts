/**
 * Sums up the CPU profiles that `npm run bench -- --only NAME --profile DIR` has left: of each process that worked, the
 * packages and the functions by their own time.
 *
 *     node -C @highball/source benchmarks/experiments/profile.ts DIR [functions]
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CpuProfile, profileTable, summarize } from '../profile.ts';

/** A master works for less: it starts, and then waits. */
const LEAST_MS = 1500;

const [folder = '.', count = '20'] = process.argv.slice(2);
for (const file of globSync('*.cpuprofile', { cwd: folder })) {
  const summary = summarize(JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile);
  if (summary.busyMs > LEAST_MS) console.log(`${file}: ${profileTable(summary, Number(count))}\n`);
}
