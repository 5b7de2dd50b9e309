import type { Environ } from '@highball/gateway-protocol';
import type { QueryPolicy } from './rule.ts';

/** Joins the request's query to an address, by the policy of the rule. */
export function withQuery(address: string, query: string, policy: QueryPolicy = 'extend'): string {
  if (policy === 'replace' || query === '') return address;
  return `${address}${address.includes('?') ? '&' : '?'}${query}`;
}

/**
 * An address that stays on this host: a captured `//evil.example` must not become an authority (RFC 3986 §4.2,
 * network-path reference; browsers read `\` as `/`).
 */
export function localAddress(address: string): string {
  return `/${address.replace(/^[/\\]+/, '')}`;
}

/** The environ of the same request at another address, below the same mount point. */
export function readdress(environ: Environ, address: string): Environ {
  const mark = address.indexOf('?');
  const path = mark === -1 ? address : address.slice(0, mark);
  return {
    ...environ,
    PATH_INFO: decodePercent(path),
    QUERY_STRING: mark === -1 ? '' : address.slice(mark + 1),
    RAW_URI: mountOf(environ) + address,
    'highball.original_uri': environ['highball.original_uri'] ?? environ.RAW_URI,
  };
}

/** The mount point, percent-encoded again. */
export function mountOf({ SCRIPT_NAME }: Environ): string {
  return SCRIPT_NAME.replaceAll(/[^\w.~!$&'()*+,;=:@/-]/g, (byte) => {
    return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

/** Percent-decodes to latin-1, one character a byte, as `PATH_INFO` has it. */
function decodePercent(path: string): string {
  return path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
