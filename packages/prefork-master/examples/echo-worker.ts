import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { joinMaster } from '@highball/prefork-master/worker';

const worker = joinMaster();
const { greeting } = worker.data as { greeting: string };
const open = new Set<Socket>();

const servers = worker.fds.map((fd) =>
  createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    socket.write(`${greeting} from worker ${worker.id}, process ${process.pid}\n`);
    socket.pipe(socket);
    worker.report({ connections: open.size });
  }).listen({ fd }, worker.backlog),
);

// Graceful: take no new connections and wait for the clients; quick: cut them.
worker.onStop(async (graceful) => {
  const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
  if (!graceful) for (const socket of open) socket.destroy();
  await Promise.all(closed);
});

await Promise.all(servers.map((server) => once(server, 'listening')));
// Leave connections to workers that have fewer.
worker.balanceServers(...servers);
worker.ready();
