import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
const answer =
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: Sat, 21 Nov 2026 05:38:53 GMT\r\nServer: highball\r\nContent-Length: 13\r\n\r\nHello, World!';
const server = createServer({ noDelay: true }, (s) => {
  s.on('data', () => s.write(answer, 'latin1'));
  s.on('error', () => {});
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
