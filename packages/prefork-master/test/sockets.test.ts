import { once } from 'node:events';
import { openSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { formatBind, type ListenTarget, type TcpTarget } from '../src/bind.ts';
import { type OpenSocket, openSockets } from '../src/sockets.ts';
import { attempt, loopback } from './support.ts';

const hasIPv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);

test('several targets are opened in their order, with the ports that the kernel chose', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'x.sock');
  const sockets = await openSockets([loopback, { path }, { host: 'localhost', port: 0 }], 10);
  const [first, , third] = sockets.map(({ address }) => address) as { host: string; port: number }[];
  expect(first).toEqual({ host: '127.0.0.1', port: expect.any(Number) });
  expect(third).toEqual({ host: '127.0.0.1', port: expect.any(Number) });
  for (const to of [first, { path }, third]) expect(await attempt(to as { port: number })).toBe('connected');
  for (const socket of sockets) socket.close();
});

test.skipIf(!hasIPv6)('IPv6, alone or with IPv4 beside it', async () => {
  const [six] = await openSockets([{ host: '::1', port: 0 }], 10);
  expect(formatBind(six?.address as ListenTarget)).toMatch(/^\[::1\]:\d+$/);
  six?.close();

  const [four] = await openSockets([{ host: '0.0.0.0', port: 0 }], 10);
  const { port } = (four as OpenSocket).address as TcpTarget;
  await expect(openSockets([{ host: '::', port }], 10)).rejects.toMatchObject({ code: 'address-in-use' });
  const [beside] = await openSockets([{ host: '::', port, ipv6Only: true }], 10);
  beside?.close();
  four?.close();
});

describe('what cannot be listened on is named with its mend', () => {
  test('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(openSockets([{ host: '127.0.0.1', port }], 10)).rejects.toMatchObject({
      name: 'BindError',
      code: 'address-in-use',
      exitCode: 3,
      message: `127.0.0.1:${port} is in use; stop the program that holds it or choose another --bind`,
    });
    server.close();
  });

  test.each<[string, ListenTarget, string]>([
    ['an address of another machine', { host: '192.0.2.1', port: 0 }, 'address-unavailable'],
    ['a name without an address', { host: 'no-such-host.invalid', port: 0 }, 'host-unknown'],
    ['a descriptor that is not open', { fd: 999 }, 'not-a-socket'],
    ['a descriptor of a file', { fd: openSync('/dev/null', 'r') }, 'not-a-socket'],
    ['a path through a file', { path: '/dev/null/x.sock' }, 'socket-path'],
  ])('%s', async (_what, target, code) => {
    await expect(openSockets([target], 10)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(formatBind(target)),
    });
  });
});

test('when one cannot be opened the others are closed', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'x.sock');
  await expect(openSockets([{ path }, { fd: 999 }], 10)).rejects.toMatchObject({ code: 'not-a-socket' });
  expect(await attempt({ path })).toBe('ENOENT');
});
