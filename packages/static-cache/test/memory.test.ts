import { mkdir, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { createWorker } from '@highball/async-worker';
import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { staticCache } from '../src/index.ts';
import { heapUsed } from './support.ts';

const FILES = 120;
const MAX_BYTES = 4_000_000;
/** What the garbage collector, the connections and the measurement itself may differ by. */
const NOISE_BYTES = 6_000_000;

/** What the process really has in memory once all garbage is gone: not what the cache says it has. */
function inMemory(): number {
  heapUsed();
  const used = process.memoryUsage();
  return used.heapUsed + used.arrayBuffers;
}

test('the memory of the process stays below the cap, whatever is asked for', async () => {
  await using folder = await temporaryFolder();
  await mkdir(join(folder.path, 'folder'));
  // 26 MB together: six times what may be held.
  for (let i = 0; i < FILES; i++) {
    await writeFile(join(folder.path, `${i}.css`), Buffer.alloc(1000 + 3600 * i, i));
    await writeFile(join(folder.path, `${i}.css.gz`), Buffer.alloc(100 + i));
  }
  const worker = createWorker(staticCache(folder.path, { maxBytes: MAX_BYTES, autoindex: true }));
  const { port } = await worker.listen({ port: 0 });
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const ask = (path: string, headers: Record<string, string> = {}): Promise<void> =>
    new Promise((resolve, reject) => {
      const asked = request({ port, path, headers, agent }, (answer) => {
        answer.on('data', () => undefined).on('end', resolve);
      });
      asked.on('error', reject).end();
    });
  const round = async (number: number): Promise<void> => {
    for (let i = 0; i < FILES; i++) {
      const path = `/${i}.css`;
      await Promise.all([
        ask(path),
        ask(path, { 'Accept-Encoding': 'gzip' }),
        ask(path, { Range: 'bytes=0-99,500-599,900-999' }),
        ask(path, { 'If-None-Match': `"${number}-${i}"` }),
        ask(`${path}?${number}`),
        ask(`/none/${'x'.repeat(500)}-${number}-${i}`),
        ask('/'),
      ]);
    }
  };
  await ask('/0.css');
  const before = inMemory();
  await round(1);
  expect(inMemory() - before).toBeLessThan(MAX_BYTES + NOISE_BYTES);
  await round(2);
  expect(inMemory() - before).toBeLessThan(MAX_BYTES + NOISE_BYTES);
  agent.destroy();
  await worker.close();
});
