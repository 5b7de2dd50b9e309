/** Two of Node's sockets back to back: bytes go to the upstream and back, unread. What a proxy in Node cannot undercut. */
import { connect, createServer } from 'node:net';

createServer({ noDelay: true }, (client) => {
  const upstream = connect({ host: '127.0.0.1', port: Number(process.env['UPSTREAM']), noDelay: true });
  client.on('data', (bytes: Buffer) => upstream.write(bytes));
  upstream.on('data', (bytes: Buffer) => client.write(bytes));
  client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
  upstream.on('error', () => client.destroy()).on('close', () => client.destroy());
}).listen(Number(process.env['PORT']), '127.0.0.1');
