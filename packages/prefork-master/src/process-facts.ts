import { closeSync, openSync, readFileSync, readlinkSync, readSync } from 'node:fs';

/*
 * What Linux tells about processes and sockets: proc(5), proc_pid_status(5), proc_pid_net(5). Elsewhere there is no
 * /proc, and nothing is known.
 */

/** The resident memory of a process in bytes. */
export function residentMemory(pid: number | undefined): number | undefined {
  const status = pid === undefined ? undefined : attempt(() => readFileSync(`/proc/${pid}/status`, 'latin1'));
  const [, kilobytes] = /^VmRSS:\s*(\d+) kB$/m.exec(status ?? '') ?? [];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** The kernel lists listening sockets before all others: they stand in the first part of the table. */
const TABLE_BYTES = 64 * 1024;
/** TCP_LISTEN of the kernel's tcp_states.h. */
const LISTENING = '0A';

/**
 * How many connections wait to be accepted on each of these listening TCP sockets of this process; undefined for
 * those of which the kernel does not tell it, such as Unix sockets.
 */
export function acceptQueues(fds: readonly number[]): (number | undefined)[] {
  const inodes = fds.map((fd) => attempt(() => inodeOf(readlinkSync(`/proc/self/fd/${fd}`))));
  if (inodes.every((inode) => inode === undefined)) return inodes as undefined[];
  const queues = new Map(['tcp', 'tcp6'].flatMap((name) => parseTcpTable(readTable(name))));
  return inodes.map((inode) => (inode === undefined ? undefined : queues.get(inode)));
}

/** The inodes of listening sockets and the lengths of their queues, out of the text of /proc/net/tcp. */
export function parseTcpTable(text: string): [inode: string, queued: number][] {
  const rows = text.split('\n').slice(1);
  return rows.flatMap((row): [string, number][] => {
    const [, , , state, queues, , , , , inode] = row.trim().split(/\s+/);
    if (state !== LISTENING || queues === undefined || inode === undefined) return [];
    return [[inode, Number.parseInt(queues.split(':')[1] ?? '', 16)]];
  });
}

function inodeOf(link: string): string | undefined {
  return /^socket:\[(\d+)\]$/.exec(link)?.[1];
}

function readTable(name: string): string {
  const text = attempt(() => {
    const fd = openSync(`/proc/self/net/${name}`, 'r');
    const bytes = Buffer.alloc(TABLE_BYTES);
    try {
      return bytes.toString('latin1', 0, readFully(fd, bytes));
    } finally {
      closeSync(fd);
    }
  });
  return text ?? '';
}

/** The kernel hands the table out in pieces of a page. */
function readFully(fd: number, bytes: Buffer): number {
  let length = 0;
  while (length < bytes.length) {
    const read = readSync(fd, bytes, length, bytes.length - length, null);
    if (read === 0) break;
    length += read;
  }
  return length;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
