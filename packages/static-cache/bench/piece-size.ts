/**
 * How large the pieces of a file should be that are read at a time, and what it costs that each is a buffer of its
 * own: the contract lets whoever takes a piece keep it, so that buffers cannot be used again.
 *
 *     node -C @highball/source packages/static-cache/bench/piece-size.ts [rounds]
 */
import { temporaryFolder } from '@highball/testkit';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Descriptors } from '../src/descriptors.ts';
import { stateOf, statOf } from '../src/state.ts';

const [rounds = 5] = process.argv.slice(2).map(Number);
const FILE_BYTES = 67_108_864;

await using folder = await temporaryFolder();
const path = join(folder.path, 'file');
await writeFile(path, Buffer.alloc(FILE_BYTES, 'x'));
const stats = await statOf(path);
if (stats === undefined) throw new Error('the file is gone');
const descriptors = new Descriptors({ maxIdleFiles: 1, wallClock: Date.now });
const descriptor = await descriptors.acquire({ path, state: stateOf(stats) });
if (descriptor === undefined) throw new Error('the file has changed');

const rows: Record<string, object> = {};
for (const kib of [32, 64, 128, 256, 512]) {
  const times: Record<'fresh' | 'reused', number[]> = { fresh: [], reused: [] };
  const one = Buffer.allocUnsafeSlow(kib * 1024);
  for (let round = 0; round < rounds; round++) {
    times.fresh.push(await cpuOf(kib * 1024, () => Buffer.allocUnsafeSlow(kib * 1024)));
    times.reused.push(await cpuOf(kib * 1024, () => one));
  }
  rows[`${kib} KiB`] = {
    'CPU ms for 64 MiB, fresh buffers': median(times.fresh),
    'one buffer': median(times.reused),
  };
}
descriptor.release();
console.table(rows);

async function cpuOf(bytes: number, buffer: () => Buffer): Promise<number> {
  const before = process.cpuUsage();
  for (let at = 0; at < FILE_BYTES; at += bytes) await descriptor?.read(buffer(), at);
  const { user, system } = process.cpuUsage(before);
  return Math.round((user + system) / 1000);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
