import { isIP, isIPv6 } from 'node:net';
import { BindError } from './errors.ts';

/** A TCP address. `host` is an IP address or a name; port 0 lets the kernel choose. */
export interface TcpTarget {
  readonly host: string;
  readonly port: number;
  /** For an IPv6 address: leave the IPv4 side of `::` to another socket. @default false */
  readonly ipv6Only?: boolean;
}

/** A Unix domain socket. */
export interface UnixTarget {
  readonly path: string;
  /** Permissions of the socket file, such as 0o660; by default what the umask leaves. */
  readonly mode?: number;
}

/** A socket that this process was started with. The master takes it over and closes it when it stops. */
export interface FdTarget {
  readonly fd: number;
  /** What the launcher calls it: FileDescriptorName= of a systemd.socket(5). */
  readonly name?: string;
}

/** Where to listen. */
export type ListenTarget = TcpTarget | UnixTarget | FdTarget;

const MAX_PORT = 65_535;

/**
 * Reads an address as gunicorn's `--bind` spells it.
 *
 * `HOST:PORT`, `[IPv6]:PORT`, `:PORT` or `*:PORT` (all IPv4 interfaces), `PORT` (127.0.0.1 only), `unix:PATH`,
 * `fd://N`.
 * @throws {BindError} `bind-syntax`, with what was meant to be written.
 */
export function parseBind(text: string): ListenTarget {
  if (text.startsWith('unix:')) return parseUnix(text);
  if (text.startsWith('fd:')) return parseFd(text);
  return parseTcp(text);
}

/** The way `parseBind` reads it: `127.0.0.1:8000`, `[::1]:8000`, `unix:/run/x.sock`, `fd://3`. */
export function formatBind(target: ListenTarget): string {
  if ('path' in target) return `unix:${target.path}`;
  if ('fd' in target) return `fd://${target.fd}`;
  return `${isIPv6(target.host) ? `[${target.host}]` : target.host}:${target.port}`;
}

function parseUnix(text: string): UnixTarget {
  const path = text
    .slice('unix:'.length)
    .replace(/^\/\/(?=.)/, '')
    .replace(/^\/{2,}/, '/');
  if (path === '' || path === '/') throw syntaxError(text, 'name a file, such as unix:/run/app.sock');
  return { path };
}

function parseFd(text: string): FdTarget {
  const match = /^fd:(?:\/\/)?(\d{1,6})$/.exec(text);
  if (!match) throw syntaxError(text, 'name an open descriptor by its number, such as fd://3');
  return { fd: Number(match[1]) };
}

function parseTcp(text: string): TcpTarget {
  if (/^\d+$/.test(text)) return { host: '127.0.0.1', port: parsePort(text, text) };
  const match = /^(?:\[(?<ipv6>[^\]]*)\]|(?<name>[^\s:/[\]]*)):(?<port>[^:]*)$/.exec(text);
  if (!match?.groups) throw syntaxError(text, mendFor(text));
  const { ipv6, name = '', port = '' } = match.groups;
  if (ipv6 !== undefined && !isIPv6(ipv6)) throw syntaxError(text, `${ipv6 || 'nothing'} is no IPv6 address`);
  if (/^[\d.]+$/.test(name) && !isIP(name)) throw syntaxError(text, `${name} is no IPv4 address`);
  return { host: ipv6 ?? (name === '' || name === '*' ? '0.0.0.0' : name), port: parsePort(port, text) };
}

function parsePort(digits: string, text: string): number {
  const port = Number(digits);
  if (!/^\d+$/.test(digits) || port > MAX_PORT)
    throw syntaxError(text, `a port is a number from 0 to ${MAX_PORT}`);
  return port;
}

function mendFor(text: string): string {
  if (isIPv6(text)) return `write an IPv6 address in brackets and add a port, such as [${text}]:8000`;
  if (/^\w+:\/\//.test(text)) return 'leave out the scheme: an address is HOST:PORT';
  if (text !== '' && /^[^\s:/[\]]+$/.test(text)) return `add a port, such as ${text}:8000`;
  return 'write HOST:PORT, [IPv6]:PORT, unix:PATH or fd://N';
}

function syntaxError(text: string, mend: string): BindError {
  return new BindError('bind-syntax', `cannot read the address ${JSON.stringify(text)}: ${mend}`);
}
