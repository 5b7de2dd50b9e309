import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { RawClient, temporaryFolder } from '@highball/testkit';
import { expect, test } from 'vitest';
import { pauseAccepting, resumeAccepting } from '../src/accept-pause.ts';
import type { ListenTarget } from '../src/bind.ts';
import { type OpenSocket, openSockets } from '../src/sockets.ts';
import { loopback } from './support.ts';

async function serve(target: ListenTarget): Promise<{ server: Server; socket: OpenSocket }> {
  const [socket] = (await openSockets([target], 10)) as [OpenSocket];
  const server = createServer((client) => client.end('served\n')).listen({ fd: socket.fd }, 10);
  await once(server, 'listening');
  return { server, socket };
}

async function expectPause(target: ListenTarget): Promise<void> {
  const { server, socket } = await serve(target);
  const { address } = socket;
  expect(pauseAccepting(server)).toBe(true);
  const client = await RawClient.connect(
    'path' in address ? address.path : (address as { port: number }).port,
  );
  await expect(client.until('served', 50)).rejects.toThrow('timed out');
  resumeAccepting(server, 10);
  await client.until('served');
  server.close();
}

test('connections wait in the kernel while a server pauses, and are served after it', () =>
  expectPause(loopback));

test('on a Unix socket, too', async () => {
  await using folder = await temporaryFolder();
  await expectPause({ path: join(folder.path, 'x.sock') });
});

test('a server that has closed is left alone', async () => {
  const { server } = await serve(loopback);
  server.close();
  expect(pauseAccepting(server)).toBe(false);
  resumeAccepting(server, 10);
  expect(server.listening).toBe(false);
});

test('a server of another kind accepts on', () => {
  const server = { _handle: { readStart: 1 } } as unknown as Server;
  expect(pauseAccepting(server)).toBe(false);
  expect(() => resumeAccepting(server, 10)).not.toThrow();
});
