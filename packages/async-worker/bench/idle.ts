/**
 * What an idle kept-alive connection costs: memory a connection, for the worker and for node:http, and whether 64
 * active clients notice the others. Each connection has served one request before it falls idle.
 *
 *     node -C @highball/source bench/idle.ts [connections]
 */
import { findPeer } from '@highball/testkit';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type BenchServer, startServer } from './support.ts';

const run = promisify(execFile);
const connections = Number(process.argv[2] ?? 10_000);
const wrk = findPeer('wrk');
if (wrk === undefined) throw new Error('this bench needs wrk (Debian: apt-get install wrk)');

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
const BATCH = 250;

/** Opens a connection that has had one answer. */
async function idleConnection(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', (error) => socket.destroy(error));
  await once(socket, 'connect');
  socket.write(REQUEST);
  await once(socket, 'data');
  return socket;
}

async function openAll(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Math.min(BATCH, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => idleConnection(port)))));
  }
  return sockets;
}

/** The memory of a server that has thrown away what it does not need. */
async function residentBytes(server: BenchServer): Promise<number> {
  for (let i = 0; i < 3; i++) {
    server.child.kill('SIGUSR2');
    await wait(300);
  }
  return server.residentBytes();
}

async function rateOf(port: number): Promise<string> {
  const { stdout } = await run(wrk as string, [
    '-t1',
    '-c64',
    '-d3s',
    '--latency',
    `http://127.0.0.1:${port}/`,
  ]);
  const errors = /Non-2xx[^\n]*|Socket errors[^\n]*/.exec(stdout)?.[0] ?? 'no errors';
  const rate = /Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1];
  return `${rate} requests/s, p99 ${/99%\s+(\S+)/.exec(stdout)?.[1]}, ${errors}`;
}

console.log(`Node ${process.version}, ${connections} idle connections`);
for (const name of ['highball', 'node-http'] as const) {
  const server = await startServer(name);
  // Before any load: a heap that load has filled once would have room for the connections already.
  for (const socket of await openAll(server.port, BATCH)) socket.destroy();
  const before = await residentBytes(server);
  const sockets = await openAll(server.port, connections);
  const after = await residentBytes(server);
  console.log(`${name.padEnd(10)} ${((after - before) / connections).toFixed(0)} bytes a connection`);
  await rateOf(server.port);
  console.log(`${name.padEnd(10)} with them: ${await rateOf(server.port)}`);
  const lost = sockets.filter((socket) => socket.destroyed || socket.readableEnded).length;
  for (const socket of sockets) socket.destroy();
  console.log(
    `${name.padEnd(10)} without:   ${await rateOf(server.port)}; ${lost} of the idle ones were lost`,
  );
  await server.stop();
}
