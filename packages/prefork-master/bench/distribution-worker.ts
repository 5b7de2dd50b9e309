import { once } from 'node:events';
import { createServer } from 'node:net';
import { joinMaster } from '../src/worker.ts';

/** Tells every client which worker has it. */
const worker = joinMaster();
const [fd = 0] = worker.fds;
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.write(String(worker.id));
}).listen({ fd }, worker.backlog);
await once(server, 'listening');
worker.ready();
