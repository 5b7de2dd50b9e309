import { createServer } from 'node:http';
import { memory } from './memory.ts';

createServer((request, response) => {
  const body = request.url === '/memory' ? memory() : 'Hello, World!';
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': body.length });
  response.end(body);
})
  .on('listening', function (this: { keepAliveTimeout: number }) {
    // Five seconds by default, in which many thousands cannot be opened and counted.
    this.keepAliveTimeout = 75_000;
  })
  .listen(Number(process.env['PORT']), '127.0.0.1');
