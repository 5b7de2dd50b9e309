import { isIPv4, isIPv6 } from 'node:net';
import type { Environ } from '@highball/gateway-protocol';
import { Refusal } from './errors.ts';

/** Where a request wants to go. */
export interface Destination {
  /** A tunnel, or a request that the proxy sends itself. */
  readonly form: 'connect' | 'absolute';
  /** A name in lower case without a dot at its end, or an IP address without brackets. */
  readonly host: string;
  readonly port: number;
  /** The authority for Host, without the usual port. */
  readonly authority: string;
  /** The target that the origin gets, in origin-form or `*`; empty for a tunnel. */
  readonly target: string;
}

/** `reg-name` (RFC 3986 §3.2.2) as names on the Internet have it; escapes and exotic characters are refused. */
const NAME =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;
/** Ends in what `inet_aton` reads as a number: 127.1, 2130706433, 0x7f000001, 0177.0.0.1. */
const NUMBER_LIKE = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;
const AUTHORITY = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/;
const HTTP_PORT = 80;

/** Whether a request is for a proxy: CONNECT, or a target in absolute-form (RFC 9112 §3.2.2). */
export function isProxyRequest(environ: Environ): boolean {
  const target = environ.RAW_URI ?? '';
  return environ.REQUEST_METHOD === 'CONNECT' || /^[a-z][a-z0-9+.-]*:/i.test(target);
}

/**
 * Reads where a request wants to go.
 * @throws Refusal BAD_TARGET, SCHEME_NOT_SUPPORTED
 */
export function readDestination(environ: Environ): Destination {
  const raw = environ.RAW_URI ?? '';
  if (environ.REQUEST_METHOD === 'CONNECT') {
    // RFC 9112 §3.2.3: the port is always written.
    const { host, port, authority } = readAuthority(raw, undefined);
    return { form: 'connect', host, port, authority, target: '' };
  }
  const [, scheme = '', authority = '', rest = ''] =
    /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/i.exec(raw) ?? [];
  if (scheme.toLowerCase() !== 'http') {
    throw new Refusal('SCHEME_NOT_SUPPORTED', 'only http:// is forwarded; for anything else use CONNECT');
  }
  if (rest.includes('#')) throw new Refusal('BAD_TARGET', 'a target has no fragment');
  return {
    form: 'absolute',
    ...readAuthority(authority, HTTP_PORT),
    target: originForm(environ.REQUEST_METHOD, rest),
  };
}

/** RFC 9112 §3.2.1, §3.2.4: an empty path is `/`, but `*` for OPTIONS. */
function originForm(method: string, rest: string): string {
  if (rest === '') return method === 'OPTIONS' ? '*' : '/';
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function readAuthority(
  text: string,
  usualPort: number | undefined,
): Pick<Destination, 'host' | 'port' | 'authority'> {
  const [, written = '', digits] = AUTHORITY.exec(text) ?? [];
  const host = readHost(written);
  const port = digits === undefined ? usualPort : Number(digits);
  // User information (`user@host`) is no part of an authority here: RFC 9110 §4.2.4.
  if (host === undefined || port === undefined || port < 1 || port > 65_535) {
    throw new Refusal('BAD_TARGET', `${JSON.stringify(text)} is no host and port`);
  }
  const name = host.includes(':') ? `[${host}]` : host;
  return { host, port, authority: port === usualPort ? name : `${name}:${port}` };
}

/** A host in the one form in which the rules are asked; undefined for one that could be read in two ways. */
function readHost(written: string): string | undefined {
  const host = written.toLowerCase().replace(/\.$/, '');
  if (host.startsWith('[')) {
    const address = host.slice(1, -1);
    return isIPv6(address) ? address : undefined;
  }
  if (isIPv4(host)) return host;
  return NAME.test(host) && !NUMBER_LIKE.test(host) ? host : undefined;
}
