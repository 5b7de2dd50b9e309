import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** node:http, with the same answer. Prints its port. */
const server = createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  response.end('Hello, World!');
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
