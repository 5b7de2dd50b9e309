import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where a program wanted to listen. */
export interface AskedAddress {
  /** Undefined for a path, or something else that is no port. */
  readonly port?: number;
  readonly host?: string;
  /** The path of a Unix socket. */
  readonly path?: string;
}

/** Reads the arguments of `server.listen`: (port, host, …), (path, …), or (options, …). */
export function readListenArguments(args: readonly unknown[]): AskedAddress {
  const [first, second] = args;
  if (typeof first === 'object' && first !== null) {
    const { port, host, path } = first as { port?: unknown; host?: unknown; path?: unknown };
    return asked(port, host, path);
  }
  const isPath = typeof first === 'string' && !/^\d+$/.test(first);
  return isPath ? { path: first } : asked(first ?? 0, second, undefined);
}

function asked(port: unknown, host: unknown, path: unknown): AskedAddress {
  if (typeof path === 'string' && port === undefined) return { path };
  const number = Number(port);
  return {
    ...(port !== undefined && Number.isInteger(number) && { port: number }),
    ...(typeof host === 'string' && { host }),
  };
}

/** Makes a server believe that it listens: only what can be asked of it is replaced, on this one instance. */
export function pretendToListen(
  server: Server,
  args: readonly unknown[],
  asked: AskedAddress,
  onClose: () => void,
): void {
  const define = (name: string, value: unknown): void =>
    void Object.defineProperty(server, name, { value, configurable: true, writable: true });
  const callback = args.findLast((argument) => typeof argument === 'function') as (() => void) | undefined;
  if (callback !== undefined) server.once('listening', callback);
  define('listening', true);
  define('address', () => (server.listening ? addressOf(asked) : null));
  define('close', (done?: (error?: Error) => void) => {
    if (!server.listening) {
      const error = Object.assign(new Error('Server is not running.'), { code: 'ERR_SERVER_NOT_RUNNING' });
      if (done) process.nextTick(done, error);
      return server;
    }
    define('listening', false);
    if (done) server.once('close', done);
    process.nextTick(() => server.emit('close'));
    onClose();
    return server;
  });
  process.nextTick(() => server.emit('listening'));
}

/** What `address()` says: what was asked for. Without a host node:http listens on all, `::`. */
function addressOf({ port, host = '::', path }: AskedAddress): AddressInfo | string {
  if (path !== undefined) return path;
  const address = host === 'localhost' ? '127.0.0.1' : host;
  return { address, family: address.includes(':') ? 'IPv6' : 'IPv4', port: port ?? 0 };
}
