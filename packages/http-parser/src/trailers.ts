import { RemoteProtocolError } from './errors.ts';

/** Names that change the framing, the route or the meaning of a message: no trailer may (RFC 9110 §6.5.1). */
const FORBIDDEN_TRAILERS: ReadonlySet<string> = new Set([
  'authorization', 'cache-control', 'connection', 'content-encoding', 'content-length', 'content-range',
  'content-type', 'cookie', 'expect', 'forwarded', 'host', 'if-match', 'if-modified-since', 'if-none-match',
  'if-range', 'if-unmodified-since', 'keep-alive', 'max-forwards', 'pragma', 'proxy-authorization',
  'proxy-connection', 'range', 'set-cookie', 'te', 'trailer', 'transfer-encoding', 'upgrade',
  'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto',
]); // prettier-ignore

/** @param fields - flat: name, value… @throws RemoteProtocolError FORBIDDEN_TRAILER */
export function checkTrailerNames(fields: readonly string[]): void {
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    if (FORBIDDEN_TRAILERS.has(name.toLowerCase())) {
      throw new RemoteProtocolError('FORBIDDEN_TRAILER', `${name} may not be a trailer`);
    }
  }
}
