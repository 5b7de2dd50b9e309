import { once } from 'node:events';
import { createServer } from 'node:net';
import { joinMaster } from '../src/worker.ts';

/** Tells every client which worker has it. */
const worker = joinMaster();
const { balance } = worker.data as { balance: boolean };
const servers = worker.fds.map((fd) =>
  createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(String(worker.id));
  }).listen({ fd }, worker.backlog),
);
await Promise.all(servers.map((server) => once(server, 'listening')));
if (balance) worker.balanceServers(...servers);
worker.ready();
