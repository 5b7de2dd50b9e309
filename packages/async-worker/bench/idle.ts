/**
 * Memory of an idle kept-alive connection, and what thousands of them do to 64 active ones: the worker and
 * node:http in the same run.
 *
 *     node -C @highball/source bench/idle.ts [connections] [seconds]
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { runWrk, startServer } from './support.ts';

const [wanted = 10_000, seconds = 3] = process.argv.slice(2).map(Number);
const limit = Number(/Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? 1024);
const count = Math.min(wanted, limit - 200);
if (count < wanted) console.log(`${count} connections: the limit of open files is ${limit} (ulimit -n)`);

const results: Record<string, Record<string, number | string>> = {};
for (const [name, label] of [
  ['highball', 'async-worker'],
  ['node-http', 'node:http'],
] as const) {
  const server = await startServer(name);
  // What a server allocates once is no matter of its connections.
  const alone = await runWrk(server.port, seconds);
  const before = await server.memory();
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Math.min(200, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => openIdle(server.port)))));
  }
  const after = await server.memory();
  const beside = await runWrk(server.port, seconds);
  const lost = sockets.filter((socket) => socket.readyState !== 'open').length;
  results[label] = {
    'idle connections': count,
    lost,
    'heap bytes/connection': Math.round((after.heap - before.heap) / count),
    'resident bytes/connection': Math.round((after.rss - before.rss) / count),
    'requests/s alone': Math.round(alone.requestsPerSecond),
    'requests/s beside them': Math.round(beside.requestsPerSecond),
    'p99 ms alone': alone.p99Ms,
    'p99 ms beside them': beside.p99Ms,
  };
  for (const socket of sockets) socket.destroy();
  await server.stop();
}
console.table(results);

/** Opens a connection, has one request answered, and leaves it open. */
async function openIdle(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: idle\r\nAccept: */*\r\n\r\n');
  await once(socket, 'data');
  socket.resume();
  return socket;
}
