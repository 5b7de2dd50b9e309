import { createServer } from 'node:http';

createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 13 });
  response.end('Hello, World!');
}).listen(Number(process.env['PORT']), '127.0.0.1');
