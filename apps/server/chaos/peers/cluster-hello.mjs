// The worker of cluster.mjs: it answers after 10 ms, so that there are always requests in flight.
import { createServer } from 'node:http';

const server = createServer((_request, response) => {
  setTimeout(() => {
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': '6' });
    response.end('hello\n');
  }, 10);
});
server.listen(Number(process.env.PORT), '127.0.0.1');
