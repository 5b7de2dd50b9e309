import { createServer } from 'node:http';
import { page } from './page.ts';

createServer((request, response) => {
  const body = page(request.url ?? '/');
  response.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}).listen(Number(process.env['PORT']), '127.0.0.1');
