import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { RawClient, temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import { acceptQueues, parseTcpTable, residentMemory } from '../src/process-facts.ts';
import { type OpenSocket, openSockets } from '../src/sockets.ts';
import { loopback } from './support.ts';

describe.skipIf(!existsSync('/proc/self/net/tcp'))('Linux tells', () => {
  test('the memory of a process', () => {
    const own = process.memoryUsage.rss();
    const told = residentMemory(process.pid) as number;
    expect(told / own).toBeGreaterThan(0.5);
    expect(told / own).toBeLessThan(2);
    expect(residentMemory(2 ** 30)).toBeUndefined();
    expect(residentMemory(undefined)).toBeUndefined();
  });

  test('how many connections wait on a socket, but for Unix sockets', async () => {
    await using folder = await temporaryFolder();
    const targets = [loopback, { path: join(folder.path, 'x.sock') }, loopback];
    const sockets = (await openSockets(targets, 10)) as [OpenSocket, OpenSocket, OpenSocket];
    const { port } = sockets[0].address as { port: number };
    const clients = [await RawClient.connect(port), await RawClient.connect(port)];
    // A client is connected a moment before its connection is in the queue.
    await expect.poll(() => acceptQueues(sockets.map(({ fd }) => fd))).toEqual([2, undefined, 0]);
    for (const client of clients) client.destroy();
    for (const socket of sockets) socket.close();
  });
});

test('of the table only listening sockets are read', () => {
  const head =
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
  const row = (state: string, queue: string, inode: number): string =>
    `   0: 0100007F:1F40 00000000:0000 ${state} 00000000:${queue} 00:00000000 00000000     0        0 ${inode} 1 0 100 0`;
  const table = [head, row('0A', '0000001F', 5), row('01', '00000007', 6), '   3: cut off', ''].join('\n');
  expect(parseTcpTable(table)).toEqual([['5', 31]]);
});

test('what is no socket has no queue', () => {
  expect(acceptQueues([0, 99_999])).toEqual([undefined, undefined]);
});
