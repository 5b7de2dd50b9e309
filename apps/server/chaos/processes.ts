import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What Linux tells of processes, all of it by proc(5). A process that is gone has nothing: no error. */

/** The pids of all processes whose environment at their start held this text. */
export function processesWith(marker: string): number[] {
  return allProcesses().filter((pid) => environmentOf(pid).includes(marker));
}

export function environmentOf(pid: number): string {
  return read(`/proc/${pid}/environ`);
}

/** Whether it runs, sleeps or is stopped; a zombie has ended. */
export function isAlive(pid: number): boolean {
  const state = stateOf(pid);
  return state !== undefined && state !== 'Z' && state !== 'X';
}

/** R, S, D, T (stopped), Z… */
export function stateOf(pid: number): string | undefined {
  return statOf(pid)?.[0];
}

/** Whether the process handles this signal itself: until it does, the signal would end it. */
export function handles(pid: number, signal: number): boolean {
  const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(read(`/proc/${pid}/status`))?.[1];
  return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
}

/** Its resident memory in bytes; 0 when it is gone. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** What each of its descriptors is: `socket:[123]`, `/dev/null`… */
export function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return list(folder).flatMap((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`);
    } catch {
      return [];
    }
  });
}

/** A TCP connection over IPv4, as the kernel sees one side of it. */
export interface TcpRow {
  readonly localPort: number;
  readonly remotePort: number;
  /** As in `socket:[inode]`; 0 for a connection that nobody has accepted yet. */
  readonly inode: number;
}

/** All of /proc/net/tcp. */
export function tcpRows(): TcpRow[] {
  const [, ...lines] = read('/proc/net/tcp').trimEnd().split('\n');
  return lines.map((line) => {
    const [, local = '', remote = '', , , , , , , inode = ''] = line.trim().split(/\s+/);
    return { localPort: portOf(local), remotePort: portOf(remote), inode: Number(inode) };
  });
}

/** `0100007F:1F90` → 8080 */
function portOf(address: string): number {
  return Number.parseInt(address.slice(address.indexOf(':') + 1), 16);
}

function allProcesses(): number[] {
  return list('/proc').map(Number).filter(Number.isInteger);
}

/** The state and what follows; the name before them may hold spaces. */
function statOf(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text === '' ? undefined : text.slice(text.lastIndexOf(') ') + 2).split(' ');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
