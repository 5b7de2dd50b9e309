import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { expect, test } from 'vitest';
import { serverNameOf } from '../../src/tls/client-hello.ts';

/** What a client says first. */
async function helloOf(servername: string): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', servername, ALPNProtocols: ['h2', 'http/1.1'] });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  client.destroy();
  server.close();
  return bytes;
}

test('the name that a client asks for is read of its first record', async () => {
  expect(serverNameOf(await helloOf('shop.example.org'))).toBe('shop.example.org');
  expect(serverNameOf(await helloOf(''))).toBeUndefined();
});

test('what is cut off has no name before it has it all, and none is made up of other bytes', async () => {
  const hello = await helloOf('shop.example.org');
  const seen = new Set<string | undefined>();
  for (let length = 0; length <= hello.length; length++) seen.add(serverNameOf(hello.subarray(0, length)));
  expect(seen).toEqual(new Set([undefined, 'shop.example.org']));
  for (let at = 0; at < hello.length; at++) {
    const bent = Buffer.from(hello);
    bent[at] = 0xff;
    expect(() => serverNameOf(bent)).not.toThrow();
  }
  for (const other of ['', '\x16', 'GET / HTTP/1.1\r\n\r\n', '\xff'.repeat(500)])
    expect(serverNameOf(Buffer.from(other, 'latin1'))).toBeUndefined();
});
