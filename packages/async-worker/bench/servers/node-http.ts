import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerMemory } from './answer-memory.ts';

/** node:http, with the same answer, and as patient as we are with idle connections. Prints its port. */
const server = createServer({ keepAliveTimeout: 75_000 }, (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  response.end('Hello, World!');
});
server.listen(0, '127.0.0.1', () => {
  answerMemory();
  console.log((server.address() as AddressInfo).port);
});
