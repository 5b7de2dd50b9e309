/**
 * How large the pieces of a file should be that are read at a time, and what it costs that each is a buffer of its
 * own, as it must be where whoever takes a piece may keep it. Each piece is read and written to a connection, which
 * another thread empties.
 *
 *     node -C @highball/source packages/static-cache/bench/piece-size.ts [rounds]
 */
import { temporaryFolder } from '@highball/testkit';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Descriptors } from '../src/descriptors.ts';
import { stateOf, statOf } from '../src/state.ts';

const [rounds = 5] = process.argv.slice(2).map(Number);
const FILE_BYTES = 67_108_864;
const READER = `
  const { workerData: port } = require('node:worker_threads');
  const onread = { buffer: Buffer.alloc(1048576), callback: () => true };
  require('node:net').connect({ port, host: '127.0.0.1', onread }).on('close', () => process.exit());`;

await using folder = await temporaryFolder();
const path = join(folder.path, 'file');
await writeFile(path, Buffer.alloc(FILE_BYTES, 'x'));
const stats = await statOf(path);
if (stats === undefined) throw new Error('the file is gone');
const descriptors = new Descriptors({ maxIdleFiles: 1, wallClock: Date.now });
const descriptor = await descriptors.acquire({ path, state: stateOf(stats) });
if (descriptor === undefined) throw new Error('the file has changed');
const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = server.address() as { port: number };
const reader = new Worker(READER, { eval: true, workerData: port });
const [socket] = (await once(server, 'connection')) as [Socket];

const rows: Record<string, object> = {};
for (const kib of [64, 128, 256, 512, 1024]) {
  const times: Record<'fresh' | 'reused', number[]> = { fresh: [], reused: [] };
  const one = Buffer.allocUnsafeSlow(kib * 1024);
  for (let round = 0; round < rounds; round++) {
    times.fresh.push(await timeOf(kib * 1024, () => Buffer.allocUnsafeSlow(kib * 1024)));
    times.reused.push(await timeOf(kib * 1024, () => one));
  }
  rows[`${kib} KiB`] = {
    'ms for 64 MiB, fresh buffers': median(times.fresh),
    'one buffer': median(times.reused),
  };
}
descriptor.release();
socket.destroy();
server.close();
await once(reader, 'exit');
console.table(rows);

async function timeOf(bytes: number, buffer: () => Buffer): Promise<number> {
  const begun = performance.now();
  for (let at = 0; at < FILE_BYTES; at += bytes) {
    const piece = buffer();
    await descriptor?.read(piece, at);
    await new Promise((resolve) => socket.write(piece, resolve));
  }
  return Math.round(performance.now() - begun);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
