import type { Environ } from '@highball/gateway-protocol';

/**
 * The target to ask the upstream for: as the client sent it, byte by byte (`%2F` stays what it is), unless something
 * in between has changed the address; then it is written anew from what environ says.
 */
export function requestTarget(environ: Environ): string {
  const { RAW_URI: raw } = environ;
  const path = environ.SCRIPT_NAME === '' ? environ.PATH_INFO : environ.SCRIPT_NAME + environ.PATH_INFO;
  if (raw !== undefined) {
    if (raw === '*' && path === '') return raw;
    const mark = raw.indexOf('?');
    const rawPath = mark === -1 ? raw : raw.slice(0, mark);
    const sameQuery = (mark === -1 ? '' : raw.slice(mark + 1)) === environ.QUERY_STRING;
    if (sameQuery && (rawPath === path || decodePercent(rawPath) === path) && rawPath.startsWith('/'))
      return raw;
  }
  const query = environ.QUERY_STRING === '' ? '' : `?${environ.QUERY_STRING}`;
  return `${encode(path) || '/'}${query}`;
}

/** Percent-decodes to latin-1, as PATH_INFO has it. */
export function decodePercent(path: string): string {
  if (!path.includes('%')) return path;
  return path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Percent-encodes what a path may not hold (RFC 3986 §3.3), a byte a character. */
function encode(path: string): string {
  return path.replaceAll(
    /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
