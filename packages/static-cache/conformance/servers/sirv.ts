import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import sirv from 'sirv';

// As for production: its other mode reads every file anew, and has no ETag by default.
const files = sirv(process.argv[2] as string, { etag: true, gzip: true, brotli: true });
const server = createServer((request, response) => {
  files(request, response, () => {
    response.statusCode = 404;
    response.end();
  });
}).listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
