import { lookup } from 'node:dns/promises';
import { fstatSync } from 'node:fs';
import { isIP } from 'node:net';
import { type FdTarget, formatBind, type ListenTarget, type TcpTarget, type UnixTarget } from './bind.ts';
import { BindError } from './errors.ts';
import { listenAll } from './listen.ts';
import { adopt, bindTcp, type SocketHandle } from './socket-handle.ts';
import { bindUnixSocket } from './unix-socket.ts';

/** A socket that listens and that nobody accepts on here. */
export interface OpenSocket {
  readonly fd: number;
  /** As bound: port 0 and names are resolved. */
  readonly address: ListenTarget;
  /** Closes the descriptor of this process, and removes the file of a Unix socket made here. */
  close(): void;
}

/**
 * Binds all targets and makes them listen. Either all are open in the end, or none.
 * @throws {BindError} that names the address and the mend.
 */
export async function openSockets(targets: readonly ListenTarget[], backlog: number): Promise<OpenSocket[]> {
  const sockets: OpenSocket[] = [];
  try {
    for (const target of targets) sockets.push(await openSocket(target));
    const fds = sockets.map(({ fd }) => fd);
    const failure = await listenAll(fds, backlog);
    if (failure) throw explain(sockets[failure.index]?.address ?? { fd: -1 }, failure);
    return sockets;
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error;
  }
}

async function openSocket(target: ListenTarget): Promise<OpenSocket> {
  try {
    if ('path' in target) return await openUnix(target);
    if ('fd' in target) return openFd(target);
    return await openTcp(target);
  } catch (error) {
    throw error instanceof BindError ? error : explain(target, error as NodeJS.ErrnoException);
  }
}

async function openUnix(target: UnixTarget): Promise<OpenSocket> {
  const { handle, unlink } = await bindUnixSocket(target);
  const close = (): void => {
    unlink();
    handle.close();
  };
  return { fd: handle.fd, address: target, close };
}

function openFd(target: FdTarget): OpenSocket {
  if (!fstatSync(target.fd).isSocket()) throw notASocket(target);
  const handle = adopt(target.fd);
  return { fd: target.fd, address: boundAddress(handle, target), close: () => handle.close() };
}

async function openTcp(target: TcpTarget): Promise<OpenSocket> {
  const host = isIP(target.host) ? target.host : (await lookup(target.host, { order: 'ipv4first' })).address;
  const handle = bindTcp(host, target.port, target.ipv6Only ?? false);
  return { fd: handle.fd, address: boundAddress(handle, target), close: () => handle.close() };
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

function notASocket(target: FdTarget): BindError {
  return new BindError(
    'not-a-socket',
    `${formatBind(target)} is no listening socket; have the launcher pass one (systemd: a .socket unit)`,
  );
}

function explain(target: ListenTarget, { code }: { code?: string | undefined }): BindError {
  const name = formatBind(target);
  switch (code) {
    case 'EADDRINUSE':
      return new BindError(
        'address-in-use',
        `${name} is in use; stop the program that holds it or choose another --bind`,
      );
    case 'EADDRNOTAVAIL':
      return new BindError(
        'address-unavailable',
        `${name} is no address of this machine; bind one that it has (ip address lists them) or 0.0.0.0`,
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new BindError('host-unknown', `${name}: the name has no address (${code}); write an IP address`);
    case 'EACCES':
    case 'EPERM':
      return new BindError('permission', `${name} is not allowed to this user; ${mendPermission(target)}`);
    case 'ENOTDIR':
      return new BindError('socket-path', `${name}: a part of the path is no folder; choose another path`);
    case 'EBADF':
    case 'EINVAL':
    case 'ENOTSOCK':
      if ('fd' in target) return notASocket(target);
      break;
    default:
  }
  return new BindError('bind-failed', `${name} cannot be listened on: ${code ?? 'unknown error'}`);
}

function mendPermission(target: ListenTarget): string {
  if ('path' in target) return 'choose a folder that it may write to';
  return 'choose a port from 1024 up, or give the program the capability CAP_NET_BIND_SERVICE';
}
