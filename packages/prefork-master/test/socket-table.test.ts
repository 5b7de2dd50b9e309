import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@highball/testkit';
import { describe, expect, test } from 'vitest';
import type { TcpTarget } from '../src/bind.ts';
import { type HandedSocket, type Sharing, SocketTable } from '../src/socket-table.ts';
import { attempt, loopback } from './support.ts';

interface Tables extends Disposable {
  open(
    sharing: Sharing,
    listen: readonly object[],
    size: number,
    handed?: HandedSocket[],
  ): Promise<SocketTable>;
}

function tables(): Tables {
  const all: SocketTable[] = [];
  return {
    async open(sharing, listen, size, handed) {
      const plan = { listen: listen as TcpTarget[], backlog: 10, sharing };
      const table = await SocketTable.open(plan, size, handed);
      all.push(table);
      return table;
    },
    [Symbol.dispose]: () => all.forEach((table) => table.close({ keepFile: false })),
  };
}

const fdsOf = (table: SocketTable, slot: number): number[] => table.of(slot).map(({ fd }) => fd);

test('inherited: all slots have the same sockets, in the order of the addresses', async () => {
  using open = tables();
  const table = await open.open('inherited', [loopback, loopback], 3);
  expect(table.sockets).toHaveLength(2);
  expect(fdsOf(table, 1)).toEqual(fdsOf(table, 3));
  expect(table.assign(1)).toEqual({ heirs: new Set(), opened: [] });
  expect(table.of(2).map(({ address }) => address)).toEqual(table.bound);
});

describe('reuseport', () => {
  test('each slot has a socket of its own on the one port, and all listen', async () => {
    using open = tables();
    const table = await open.open('reuseport', [loopback], 3);
    const fds = [1, 2, 3].flatMap((slot) => fdsOf(table, slot));
    expect(new Set(fds).size).toBe(3);
    expect(new Set(table.sockets.map(({ address }) => (address as TcpTarget).port)).size).toBe(1);
    expect(await attempt(table.bound[0] as TcpTarget)).toBe('connected');
  });

  test('Unix sockets are shared all the same', async () => {
    await using folder = await temporaryFolder();
    using open = tables();
    const table = await open.open('reuseport', [loopback, { path: join(folder.path, 'x.sock') }], 2);
    const [[own, shared], [other, same]] = [fdsOf(table, 1), fdsOf(table, 2)];
    expect(own).not.toBe(other);
    expect(shared).toBe(same);
  });

  test('the socket of a slot that is gone goes to the one with the fewest, and back', async () => {
    using open = tables();
    const table = await open.open('reuseport', [loopback], 4);
    const [one, two, three, four] = [1, 2, 3, 4].map((slot) => fdsOf(table, slot)[0] as number);
    expect(table.assign(3)).toEqual({ heirs: new Set([1]), opened: [] });
    expect(fdsOf(table, 1)).toEqual([one, four]);
    expect(table.assign(2)).toEqual({ heirs: new Set([2]), opened: [] });
    expect(fdsOf(table, 2)).toEqual([two, three]);
    expect(table.assign(4).heirs).toEqual(new Set());
    expect([1, 2, 3, 4].map((slot) => fdsOf(table, slot))).toEqual([[one], [two], [three], [four]]);
  });

  test('more slots have more sockets; without slots nobody inherits', async () => {
    using open = tables();
    const table = await open.open('reuseport', [loopback], 1);
    expect(table.assign(0)).toEqual({ heirs: new Set(), opened: [] });
    expect(table.assign(3).opened).toHaveLength(2);
    expect(fdsOf(table, 3)).toHaveLength(1);
    expect(table.assign(1).heirs).toEqual(new Set([1]));
    expect(fdsOf(table, 1)).toHaveLength(3);
  });

  test('a second server on the port is refused, as without it', async () => {
    using open = tables();
    const table = await open.open('reuseport', [loopback], 1);
    await expect(open.open('reuseport', [table.bound[0] as TcpTarget], 1)).rejects.toMatchObject({
      code: 'address-in-use',
    });
  });
});

describe('a handover', () => {
  /** What the next process finds: descriptors of its own to the same sockets. */
  test('gives each address its sockets back, and leaves what is not wanted', async () => {
    await using folder = await temporaryFolder();
    using open = tables();
    const path = join(folder.path, 'x.sock');
    const old = await open.open('reuseport', [loopback, loopback, { path }], 2);
    const handed = old.handOver();
    expect(handed).toHaveLength(5);
    expect(handed.at(-1)).toMatchObject({ key: `unix:${path}#0`, file: { path } });

    const [first] = old.bound as [TcpTarget];
    const plan = { listen: [loopback, { path }], backlog: 10, sharing: 'reuseport' as const };
    const next = await SocketTable.open(plan, 2, handed);
    expect(next.bound[0]).toEqual(first);
    expect(next.sockets.map(({ fd }) => fd)).toEqual(
      old.handOver().flatMap(({ key, fd }) => (key.endsWith('#1') ? [] : fd)),
    );
    expect(handed.map(({ key }) => key)).toEqual(['127.0.0.1:0#1', '127.0.0.1:0#1']);
    old.close({ keepFile: true });
    expect(existsSync(path)).toBe(true);
  });

  test('from reuseport to inherited: all workers serve all queues', async () => {
    using open = tables();
    const old = await open.open('reuseport', [loopback], 3);
    const plan = { listen: [loopback], backlog: 10, sharing: 'inherited' as const };
    const next = await SocketTable.open(plan, 2, old.handOver());
    expect(fdsOf(next, 1)).toHaveLength(3);
    expect(fdsOf(next, 2)).toEqual(fdsOf(next, 1));
  });
});
