import { lookup } from 'node:dns/promises';
import { fstatSync } from 'node:fs';
import { isIP } from 'node:net';
import { explain, notASocket } from './bind-errors.ts';
import type { FdTarget, ListenTarget, TcpTarget, UnixTarget } from './bind.ts';
import { BindError } from './errors.ts';
import { listenAll } from './listen.ts';
import { adopt, bindTcp, type SocketHandle } from './socket-handle.ts';
import { bindUnixSocket, type SocketFile, unlinkSocket } from './unix-socket.ts';

/** A socket that nobody accepts on here. */
export interface OpenSocket {
  readonly fd: number;
  /** As bound: port 0 and names are resolved. */
  readonly address: ListenTarget;
  /** The file of a Unix socket made here, or by the master that this one follows. */
  readonly file?: SocketFile;
  /** Closes the descriptor of this process, and removes the file unless it is to be kept for somebody else. */
  close(options?: { readonly keepFile?: boolean }): void;
}

/** What of a socket goes from one master to the next. */
export type SocketFacts = Pick<OpenSocket, 'fd' | 'address' | 'file'>;

/**
 * Binds all targets and makes them listen. Either all are open in the end, or none.
 * @throws {BindError} that names the address and the mend.
 */
export async function openSockets(targets: readonly ListenTarget[], backlog: number): Promise<OpenSocket[]> {
  const sockets: OpenSocket[] = [];
  try {
    for (const target of targets) sockets.push(await openSocket(target));
    await listenOn(sockets, backlog);
    return sockets;
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error;
  }
}

/** Makes sockets listen, so that connections wait until somebody accepts them. @throws {BindError} */
export async function listenOn(sockets: readonly OpenSocket[], backlog: number): Promise<void> {
  if (sockets.length === 0) return;
  const failure = await listenAll(
    sockets.map(({ fd }) => fd),
    backlog,
  );
  if (failure) throw explain(sockets[failure.index]?.address ?? { fd: -1 }, failure);
}

/**
 * Binds one target; it does not listen yet. With `reusePort`, other sockets may be bound to the same port, and the
 * kernel spreads connections over those that listen: see socket(7).
 * @throws {BindError}
 */
export async function openSocket(target: ListenTarget, reusePort = false): Promise<OpenSocket> {
  try {
    if ('path' in target) return await openUnix(target);
    if ('fd' in target) return openFd(target);
    return await openTcp(target, reusePort);
  } catch (error) {
    throw error instanceof BindError ? error : explain(target, error as NodeJS.ErrnoException);
  }
}

/** Binds one more socket beside one that was bound with `reusePort`. @throws {BindError} */
export function openBeside(address: TcpTarget, ipv6Only: boolean): OpenSocket {
  try {
    const handle = bindTcp(address.host, address.port, { ipv6Only, reusePort: true });
    return { fd: handle.fd, address, close: () => handle.close() };
  } catch (error) {
    throw explain(address, error as NodeJS.ErrnoException);
  }
}

/** Takes over a socket that an older master has bound. */
export function takeOver({ fd, address, file }: SocketFacts): OpenSocket {
  return fromHandle(adopt(fd), address, file);
}

async function openUnix(target: UnixTarget): Promise<OpenSocket> {
  const { handle, file } = await bindUnixSocket(target);
  return fromHandle(handle, target, file);
}

function openFd(target: FdTarget): OpenSocket {
  if (!fstatSync(target.fd).isSocket()) throw notASocket(target);
  const handle = adopt(target.fd);
  return { fd: target.fd, address: boundAddress(handle, target), close: () => handle.close() };
}

async function openTcp(target: TcpTarget, reusePort: boolean): Promise<OpenSocket> {
  const { port, ipv6Only = false } = target;
  const host = isIP(target.host) ? target.host : (await lookup(target.host, { order: 'ipv4first' })).address;
  // Or else a second server of the same user would share the port without a word: this fails where somebody listens.
  if (reusePort && port !== 0) bindTcp(host, port, { ipv6Only }).close();
  const handle = bindTcp(host, port, { ipv6Only, reusePort });
  return fromHandle(handle, boundAddress(handle, target));
}

function fromHandle(handle: SocketHandle, address: ListenTarget, file?: SocketFile): OpenSocket {
  const close = ({ keepFile = false } = {}): void => {
    if (file && !keepFile) unlinkSocket(file);
    handle.close();
  };
  return { fd: handle.fd, address, ...(file && { file }), close };
}

function boundAddress(handle: SocketHandle, otherwise: ListenTarget): ListenTarget {
  const { address, port }: { address?: string; port?: number } = readName(handle);
  return address === undefined || port === undefined ? otherwise : { host: address, port };
}

function readName(handle: SocketHandle): { address?: string; port?: number } {
  const out = {};
  handle.getsockname?.(out);
  return out;
}
