/**
 * A sparse file of 4 GiB, and 100 clients that read 64 KiB a second each of it: the memory of the server, and its
 * descriptors. Then many different files, more than the cache may hold, by as many clients: memory again.
 *
 *     node -C @highball/source packages/static-cache/bench/slow-clients.ts [clients] [seconds]
 */
import { temporaryFolder } from '@highball/testkit';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { open, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type BenchServer, startHighball } from './servers.ts';

const [clients = 100, seconds = 10] = process.argv.slice(2).map(Number);
const FILES = 300;

await using folder = await temporaryFolder();
const huge = join(folder.path, 'huge.bin');
const handle = await open(huge, 'w');
await handle.truncate(4 * 1024 ** 3);
await handle.close();
for (let i = 0; i < FILES; i++) await writeFile(join(folder.path, `${i}.bin`), Buffer.alloc(900_000, 'x'));

const server = await startHighball(folder.path);
const rows: Record<string, object> = { 'at rest': await memory(server) };
const sockets = await Promise.all(Array.from({ length: clients }, () => slowClient(server.port)));
await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
rows[`${clients} slow clients of 4 GiB`] = await memory(server);
const received = sockets.reduce((sum, socket) => sum + socket.bytesRead, 0);
for (const socket of sockets) socket.destroy();
for (let i = 0; i < 3 * FILES; i += 10) {
  const some = Array.from({ length: 10 }, (_, k) =>
    fetch(`http://127.0.0.1:${server.port}/${(i + k) % FILES}.bin`),
  );
  for (const response of await Promise.all(some)) await response.arrayBuffer();
}
rows[`after ${FILES} files of 900 kB, thrice`] = await memory(server);
await server.stop();
console.table(rows);
console.log(`the slow clients received ${Math.round(received / clients / seconds / 1024)} KiB a second each`);

async function memory({ child }: BenchServer): Promise<object> {
  child.send('memory');
  const [usage] = (await once(child, 'message')) as [NodeJS.MemoryUsage];
  const fds = readdirSync(`/proc/${child.pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${child.pid}/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return {
    'resident MiB': mib(usage.rss),
    'heap MiB': mib(usage.heapUsed),
    'buffers MiB': mib(usage.arrayBuffers),
    'descriptors of the file': fds.filter((path) => path === huge).length,
  };
}

function mib(bytes: number): number {
  return Math.round(bytes / 1_048_576);
}

/** Reads 64 KiB, waits a second, and so on. */
async function slowClient(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write('GET /huge.bin HTTP/1.1\r\nHost: a\r\n\r\n');
  let taken = 0;
  socket.on('data', (bytes: Buffer) => {
    taken += bytes.length;
    if (taken < 65_536) return;
    taken = 0;
    socket.pause();
    setTimeout(() => socket.resume(), 1000).unref();
  });
  return socket;
}
