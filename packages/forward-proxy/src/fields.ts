import type { Environ, HeaderList } from '@highball/gateway-protocol';
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

/** The fields of the answer to the client. `flat` has them as name, value, name, value… */
export function responseFields(flat: readonly string[], minorVersion: number, viaName: string): HeaderList {
  const all = pairs(flat);
  const joined = (wanted: string): string | undefined =>
    all
      .filter(([name]) => name.toLowerCase() === wanted)
      .map(([, value]) => value)
      .join(', ') || undefined;
  const dropped = connectionNames(joined('connection'));
  const fields = all.filter(([name]) => {
    const lower = name.toLowerCase();
    return !HOP_BY_HOP.has(lower) && !dropped.has(lower) && lower !== 'via';
  });
  fields.push(['Via', joinVia(joined('via'), `HTTP/1.${minorVersion}`, viaName)]);
  return fields;
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
