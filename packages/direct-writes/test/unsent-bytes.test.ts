import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { unsentBytes } from '../src/unsent-bytes.ts';

test('says how far a single write has come, while the socket counts all of it as unsent', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  client.pause();
  const [socket] = (await once(server, 'connection')) as [Socket];
  expect(unsentBytes(socket)).toBe(0);
  const size = 64 * 1024 * 1024;
  socket.write(Buffer.alloc(size));
  const before = unsentBytes(socket);
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThanOrEqual(size);
  let read = 0;
  client.on('data', (bytes: Buffer) => {
    read += bytes.length;
    if (read > size / 2) client.pause();
  });
  client.resume();
  while (unsentBytes(socket) === before) await new Promise((resolve) => setImmediate(resolve));
  expect(socket.writableLength).toBe(size);
  client.destroy();
  socket.destroy();
  server.close();
});

test('cannot tell of a socket without such a handle', () => {
  expect(unsentBytes({ writableLength: 0 })).toBe(-1);
  expect(unsentBytes({ writableLength: 0, _handle: null } as { writableLength: number })).toBe(-1);
});
