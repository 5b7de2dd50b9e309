import type { Environ, HeaderList } from '@highball/gateway-protocol';
import type { ResponseHead } from '@highball/http-parser';
import { connectionNames, forwardsLeft, hasMember, HOP_BY_HOP, joinVia } from '@highball/http-semantics';

/** Fields of a request that are written anew: Host by the target, Expect is answered here, Via is joined. */
const REWRITTEN: ReadonlySet<string> = new Set(['expect', 'host', 'max-forwards', 'via']);

/** The fields of the request to the origin: the client's own less those of this hop. Host comes first. */
export function requestFields(environ: Environ, authority: string, viaName: string): HeaderList {
  const fields: HeaderList = [['Host', authority]];
  const dropped = connectionNames(environ.HTTP_CONNECTION);
  for (const key in environ) {
    const value = environ[key];
    if (!key.startsWith('HTTP_') || typeof value !== 'string') continue;
    const lower = key.slice('HTTP_'.length).toLowerCase().replaceAll('_', '-');
    if (HOP_BY_HOP.has(lower) || REWRITTEN.has(lower) || dropped.has(lower)) continue;
    fields.push([lower.replaceAll(/(?<![a-z])[a-z]/g, (letter) => letter.toUpperCase()), value]);
  }
  if (environ.CONTENT_TYPE !== undefined) fields.push(['Content-Type', environ.CONTENT_TYPE]);
  const hops = forwardsLeft(environ.REQUEST_METHOD, environ.HTTP_MAX_FORWARDS);
  if (hops !== undefined) fields.push(['Max-Forwards', String(hops - 1)]);
  if (hasMember(environ.HTTP_TE, 'trailers')) {
    fields.push(['TE', 'trailers']);
  }
  fields.push(['Via', joinVia(environ.HTTP_VIA, environ.SERVER_PROTOCOL, viaName)]);
  return fields;
}

/**
 * The fields of the answer to the client.
 * @param viaName - undefined: without Via, as early hints are.
 */
export function responseFields(
  { fields: flat, minorVersion, status }: Pick<ResponseHead, 'fields' | 'minorVersion' | 'status'>,
  viaName: string | undefined,
): HeaderList {
  const all = pairs(flat);
  const dropped = connectionNames(joined(all, 'connection'));
  // RFC 9110 §8.6: these have no body, and no length.
  const lengthless = status < 200 || status === 204;
  const fields = all.filter(([name]) => {
    const lower = name.toLowerCase();
    if (lower === 'via' || (lengthless && lower === 'content-length')) return false;
    return !HOP_BY_HOP.has(lower) && !dropped.has(lower);
  });
  if (viaName !== undefined)
    fields.push(['Via', joinVia(joined(all, 'via'), `HTTP/1.${minorVersion}`, viaName)]);
  return fields;
}

/** The values of a field, as one; the name in lower case. */
export function joined(fields: HeaderList, wanted: string): string | undefined {
  const values = fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

/** The trailers that go on: none that the message has declared to be for its hop, and no Via behind the one of the head. */
export function passedTrailers(trailers: HeaderList, connection: string | undefined): HeaderList {
  if (trailers.length === 0) return trailers;
  const dropped = connectionNames(connection);
  return trailers.filter(([name]) => {
    const lower = name.toLowerCase();
    return lower !== 'via' && !HOP_BY_HOP.has(lower) && !dropped.has(lower);
  });
}

/** Pairs of a flat list. */
export function pairs(flat: readonly string[]): HeaderList {
  const fields: HeaderList = [];
  for (let i = 0; i < flat.length; i += 2) fields.push([flat[i] as string, flat[i + 1] as string]);
  return fields;
}

/** Whether a request has been here before (RFC 9110 §7.6.3). */
export function isLoop(environ: Environ, viaName: string): boolean {
  const own = viaName.toLowerCase();
  return (environ.HTTP_VIA ?? '').split(',').some((hop) => hop.trim().split(/\s+/)[1]?.toLowerCase() === own);
}
