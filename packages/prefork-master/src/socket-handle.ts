import net from 'node:net';
import { getSystemErrorName } from 'node:util';
import { BindError } from './errors.ts';

/*
 * One of two modules that touch what Node does not document (the other is accept-pause.ts): here it is
 * `net._createServerHandle`, which `node:cluster` itself binds with. The reason: every documented way to bind a socket also accepts on it (`server.listen`), and a
 * master that accepts takes connections away from its workers. This one binds and does no more.
 */

/** A bound socket, owned by libuv but not watched by it. */
export interface SocketHandle {
  readonly fd: number;
  /** Missing for Unix sockets. Fills `out`; returns 0 or a negative error number. */
  getsockname?(out: { address?: string; port?: number }): number;
  close(callback?: () => void): void;
}

type CreateServerHandle = (
  address: string | null,
  port: number,
  addressType: 4 | 6 | -1,
  fd: number | undefined,
  flags: number,
) => SocketHandle | number;

/** libuv's UV_TCP_IPV6ONLY and UV_TCP_REUSEPORT. */
const IPV6_ONLY = 1;
const REUSE_PORT = 2;

/** How a TCP socket is bound. */
export interface TcpBinding {
  /** For an IPv6 address: without the IPv4 side of `::`. @default false */
  readonly ipv6Only?: boolean;
  /** Beside others that were bound with it, too: SO_REUSEPORT of socket(7). @default false */
  readonly reusePort?: boolean;
}

/** Binds a TCP socket. @throws an error with the system's code, such as EADDRINUSE. */
export function bindTcp(address: string, port: number, binding: TcpBinding = {}): SocketHandle {
  const isV6 = net.isIPv6(address);
  const flags = (isV6 && binding.ipv6Only ? IPV6_ONLY : 0) | (binding.reusePort ? REUSE_PORT : 0);
  return create(address, port, isV6 ? 6 : 4, undefined, flags);
}

/** Binds a Unix socket. libuv unlinks this very path when the handle closes. */
export function bindUnix(path: string): SocketHandle {
  return create(path, -1, -1, undefined, 0);
}

/** Takes over a descriptor that is already a bound stream socket. */
export function adopt(fd: number): SocketHandle {
  return create(null, 0, -1, fd, 0);
}

function create(...args: Parameters<CreateServerHandle>): SocketHandle {
  const handle = findCreateServerHandle()(...args);
  if (typeof handle === 'number') throw systemError(handle);
  // libuv keeps EADDRINUSE back until the socket is asked anything.
  const errno = handle.getsockname?.({}) ?? 0;
  if (errno === 0) return handle;
  handle.close();
  throw systemError(errno);
}

function findCreateServerHandle(): CreateServerHandle {
  const candidate: unknown = Reflect.get(net, '_createServerHandle');
  if (typeof candidate === 'function') return candidate as CreateServerHandle;
  throw new BindError(
    'unsupported-runtime',
    `this runtime (${process.version}) cannot bind a socket without accepting on it: it has no net._createServerHandle; ` +
      'use a supported Node, or let a socket launcher such as systemd bind and pass the socket as fd://3',
  );
}

function systemError(errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(errno);
  return Object.assign(new Error(`bind: ${code}`), { code, errno });
}
