import type { Environ } from '@highball/gateway-protocol';
import { connectionNames, hasMember, HOP_BY_HOP, joinVia } from '@highball/http-semantics';

/** Who the client is, and how far it is from here, is said by this proxy; what came with the request is not passed on. */
export const OWN_WORD: ReadonlySet<string> = new Set([
  'forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-prefix', 'x-forwarded-proto',
  'x-forwarded-protocol', 'x-forwarded-ssl', 'x-real-ip', 'via', 'expect', 'max-forwards',
]); // prettier-ignore

/** What is known of an environ key. */
interface Field {
  readonly name: string;
  readonly lower: string;
  readonly passes: boolean;
}

const MAX_KEYS = 2048;
const fields = new Map<string, Field | null>();

/** The field of an environ key, `HTTP_ACCEPT_ENCODING` → `Accept-Encoding`; null when it is none. */
function fieldOf(key: string): Field | null {
  let field = fields.get(key);
  if (field !== undefined) return field;
  field = null;
  if (key.startsWith('HTTP_')) {
    const lower = key.slice('HTTP_'.length).toLowerCase().replaceAll('_', '-');
    const name = lower.replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
    field = { name, lower, passes: !HOP_BY_HOP.has(lower) && !OWN_WORD.has(lower) };
  }
  // Names are the client's choice: as many as it likes must not be kept.
  if (fields.size >= MAX_KEYS) fields.clear();
  fields.set(key, field);
  return field;
}

/** What a request's fields depend on beside the environ. */
export interface RequestFieldOptions {
  readonly viaName: string;
  /** Names, in lower case, that are left out. */
  readonly dropped: ReadonlySet<string>;
  /** The Host field, where it is not the client's. */
  readonly host: string | undefined;
  /** What was taken off the path: X-Forwarded-Prefix. Empty for nothing. */
  readonly strippedPrefix: string;
}

/**
 * The fields of the request to the upstream, flat: the client's own less those of this hop, then who the client is
 * (RFC 7239, X-Forwarded-*) and Via (RFC 9110 §7.6.3). Without those that frame the message.
 *
 * REMOTE_ADDR, the scheme and the host are believed as environ has them: it has decided already whom to trust.
 * So the chain that came with the request is replaced by its result.
 */
export function requestFields(environ: Environ, options: RequestFieldOptions): string[] {
  const { dropped, host } = options;
  const list: string[] = [];
  const ofThisHop = connectionNames(environ.HTTP_CONNECTION);
  for (const key in environ) {
    const field = fieldOf(key);
    if (field === null || !field.passes || dropped.has(field.lower)) continue;
    // Without a Host a request would be for another site, or for none: no client may have it taken away.
    if (ofThisHop.has(field.lower) && field.lower !== 'host') continue;
    const value = environ[key];
    if (typeof value === 'string')
      list.push(field.name, field.lower === 'host' && host !== undefined ? host : value);
  }
  // A client of HTTP/1.0 need not name a host; a request of HTTP/1.1 must (RFC 9112 §3.2).
  if (environ.HTTP_HOST === undefined && !dropped.has('host')) list.push('Host', host ?? environ.SERVER_NAME);
  if (environ.CONTENT_TYPE !== undefined && !dropped.has('content-type')) {
    list.push('Content-Type', environ.CONTENT_TYPE);
  }
  if (hasMember(environ.HTTP_TE, 'trailers')) {
    list.push('TE', 'trailers');
  }
  pushIdentity(list, environ, options.strippedPrefix);
  list.push('Via', joinVia(environ.HTTP_VIA, environ.SERVER_PROTOCOL, options.viaName));
  return list;
}

function pushIdentity(list: string[], environ: Environ, strippedPrefix: string): void {
  const { REMOTE_ADDR: address = '', HTTP_HOST: host = '' } = environ;
  const scheme = environ['wsgi.url_scheme'];
  const known = address === '' ? 'unknown' : address.includes(':') ? `"[${address}]"` : address;
  const forHost = host === '' ? '' : `host="${host}";`;
  list.push('Forwarded', `for=${known};${forHost}proto=${scheme}`);
  if (address !== '') list.push('X-Forwarded-For', address);
  if (host !== '') list.push('X-Forwarded-Host', host);
  list.push('X-Forwarded-Proto', scheme);
  if (strippedPrefix !== '') list.push('X-Forwarded-Prefix', strippedPrefix);
}
