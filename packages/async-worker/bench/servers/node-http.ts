import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const BIG = Buffer.alloc(1_048_576, 'x');

/** node:http, with the same answers and the same patience with idle connections. Prints its port. */
const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain' });
  response.end(request.url === '/big' ? BIG : 'Hello, World!');
});
process.on('SIGUSR2', () => globalThis.gc?.());
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
