import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerMemory } from './answer-memory.ts';

/** node:http with its own defaults, for slow clients: the same paths as `highball-large.ts`. */
const LARGE = Buffer.alloc(8_388_608, 'x');

const server = createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain');
  if (request.url !== '/upload') {
    response.end(request.url === '/large' ? LARGE : 'Hello, World!');
    return;
  }
  let bytes = 0;
  request.on('data', (chunk: Buffer) => (bytes += chunk.length));
  request.on('end', () => response.end(`${bytes} bytes`));
});
server.listen(0, '127.0.0.1', () => {
  answerMemory();
  console.log((server.address() as AddressInfo).port);
});
