import { open, writeFile } from 'node:fs/promises';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { createWorker } from '@highball/async-worker';
import { temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { staticCache } from '../src/index.ts';
import { heapUsed } from './support.ts';

const CLIENTS = 80;

/** The same with 4 GiB and 100 clients: bench/slow-clients.ts. */
test('slow clients of a huge file cost little memory, and one descriptor together', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'huge.bin');
  await writeFile(path, 'begin');
  await using handle = await open(path, 'r+');
  await handle.truncate(4 * 1024 ** 3);
  await handle.write('end', 4 * 1024 ** 3 - 3);
  const worker = createWorker(staticCache(folder.path));
  const { port } = await worker.listen({ port: 0 });
  heapUsed();
  const before = process.memoryUsage();
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => slowClient(port)));
  await new Promise((resolve) => setTimeout(resolve, 500));
  heapUsed();
  const used = process.memoryUsage();
  // 16 MiB of large pieces for all; for each other two of 128 KiB, and what the connection itself needs.
  const more = used.arrayBuffers + used.heapUsed - before.arrayBuffers - before.heapUsed;
  expect(more - 16_777_216).toBeLessThan(CLIENTS * 400_000);
  expect(clients.every((client) => client.bytesRead > 0)).toBe(true);
  // The one of this test, and one for all clients.
  if (process.platform === 'linux') expect(openOnes(path)).toBe(2);
  for (const client of clients) client.destroy();

  const range = { headers: { Range: 'bytes=-8' } };
  const tail = await (await fetch(`http://127.0.0.1:${port}/huge.bin`, range)).text();
  expect(tail).toBe('\0\0\0\0\0end');
  await worker.close();
});

/** A client that reads the head and then stops. */
async function slowClient(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write('GET /huge.bin HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket, 'readable');
  return socket;
}

function openOnes(path: string): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === path;
    } catch {
      return false;
    }
  }).length;
}
