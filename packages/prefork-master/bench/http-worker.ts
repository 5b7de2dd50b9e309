import { once } from 'node:events';
import { createServer } from 'node:http';
import { joinMaster } from '../src/worker.ts';

/** Answers `hello`, with or without a share in the balance. */
const worker = joinMaster();
const { balance } = worker.data as { balance: boolean };
const servers = worker.fds.map((fd) =>
  createServer((_request, response) => response.end('hello')).listen({ fd }, worker.backlog),
);
await Promise.all(servers.map((server) => once(server, 'listening')));
if (balance) worker.balanceServers(...servers);
worker.ready();
