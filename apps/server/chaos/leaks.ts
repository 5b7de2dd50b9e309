import { readdirSync } from 'node:fs';
import { descriptorsOf, residentBytes, tcpRows } from './processes.ts';
import type { Subject } from './subject.ts';

/** What a master holds. */
export interface Footprint {
  readonly pid: number;
  readonly residentBytes: number;
  /** Open descriptors by what they are: `socket`, `pipe`, a path. */
  readonly descriptors: Readonly<Record<string, number>>;
  /** Connections that workers hold although no client is there. */
  readonly connections: number;
}

/** Files that the test itself has made, and those that the server keeps. */
const EXPECTED = new Set(['app.mjs', 'order', 'output', 'server.log', 'stack.config.mjs']);
/** What differs from one socket, pipe or scoreboard to the next. */
const UNIQUE = /:\[\d+\]$|-\d+-[-\da-f]{36}(?: \(deleted\))?$/;
/** The accepted side of a connection that no process holds any more, in TIME_WAIT and the like, has no inode. */
const NO_INODE = 0;

/** What the master that serves now holds. */
export async function footprint(subject: Subject): Promise<Footprint> {
  const { pid } = await subject.status();
  const descriptors: Record<string, number> = {};
  for (const target of descriptorsOf(pid)) {
    const kind = target.replace(UNIQUE, '').replace(subject.folder, '');
    descriptors[kind] = (descriptors[kind] ?? 0) + 1;
  }
  return { pid, residentBytes: residentBytes(pid), descriptors, connections: connections(subject.port) };
}

/** How many descriptors a footprint has. */
export function descriptorCount({ descriptors }: Footprint): number {
  return Object.values(descriptors).reduce((sum, count) => sum + count, 0);
}

/** Stops the server, and names what it leaves behind: processes, files, sockets. */
export async function leftovers(subject: Subject): Promise<string[]> {
  const processes = await subject.stop();
  const files = readdirSync(subject.folder).filter((name) => !EXPECTED.has(name));
  const listening = tcpRows().some(
    ({ localPort, inode }) => localPort === subject.port && inode !== NO_INODE,
  );
  return [
    ...processes.map((pid) => `process ${pid}`),
    ...files.map((name) => `file ${name}`),
    ...(listening ? [`a socket on port ${subject.port}`] : []),
  ];
}

function connections(port: number): number {
  return tcpRows().filter(
    ({ localPort, remotePort, inode }) => localPort === port && remotePort !== 0 && inode !== NO_INODE,
  ).length;
}
