import type { Environ, HeaderList } from '@highball/gateway-protocol';

/** Fields that end at this hop, both ways (RFC 9110 §7.6.1, and those that older software invented). */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer',
  'transfer-encoding', 'upgrade',
]); // prettier-ignore

/** Who the client is, is said by this proxy; what came with the request is not passed on. */
const IDENTITY: ReadonlySet<string> = new Set([
  'forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-prefix', 'x-forwarded-proto',
  'x-forwarded-protocol', 'x-forwarded-ssl', 'x-real-ip',
]); // prettier-ignore

const MAX_NAMES = 2048;
const names = new Map<string, string>();

/** The name of a field by its environ key: `HTTP_ACCEPT_ENCODING` → `Accept-Encoding`. */
function fieldName(key: string): string {
  let name = names.get(key);
  if (name === undefined) {
    name = key
      .slice('HTTP_'.length)
      .toLowerCase()
      .replaceAll('_', '-')
      .replaceAll(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());
    if (names.size >= MAX_NAMES) names.clear();
    names.set(key, name);
  }
  return name;
}

/** The names that a Connection field declares to be for this hop only. */
function connectionNames(connection: string | undefined): ReadonlySet<string> {
  if (connection === undefined) return NO_NAMES;
  return new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
}

const NO_NAMES: ReadonlySet<string> = new Set();

/**
 * The fields of the request to the upstream: the client's own less those of this hop, then who the client is
 * (RFC 7239, X-Forwarded-*) and Via (RFC 9110 §7.6.3).
 *
 * REMOTE_ADDR, the scheme and the host are believed as environ has them: it has decided already whom to trust.
 * So the chain that came with the request is replaced by its result.
 */
export function requestFields(environ: Environ, viaName: string): HeaderList {
  const fields: HeaderList = [];
  const dropped = connectionNames(environ.HTTP_CONNECTION);
  for (const key in environ) {
    if (!key.startsWith('HTTP_')) continue;
    const value = environ[key];
    const name = fieldName(key);
    const lower = name.toLowerCase();
    if (
      HOP_BY_HOP.has(lower) ||
      IDENTITY.has(lower) ||
      dropped.has(lower) ||
      lower === 'via' ||
      lower === 'expect'
    )
      continue;
    if (typeof value === 'string') fields.push([name, value]);
  }
  if (environ.CONTENT_TYPE !== undefined) fields.push(['Content-Type', environ.CONTENT_TYPE]);
  if (environ.HTTP_TE?.split(',').some((coding) => coding.trim().toLowerCase() === 'trailers')) {
    fields.push(['TE', 'trailers']);
  }
  fields.push(...identityFields(environ), [
    'Via',
    joinVia(environ.HTTP_VIA, environ.SERVER_PROTOCOL, viaName),
  ]);
  return fields;
}

function identityFields(environ: Environ): HeaderList {
  const { REMOTE_ADDR: address = '', HTTP_HOST: host = '' } = environ;
  const scheme = environ['wsgi.url_scheme'];
  const known = address === '' ? 'unknown' : address.includes(':') ? `"[${address}]"` : address;
  const fields: HeaderList = [
    ['Forwarded', `for=${known};${host === '' ? '' : `host="${host}";`}proto=${scheme}`],
  ];
  if (address !== '') fields.push(['X-Forwarded-For', address]);
  if (host !== '') fields.push(['X-Forwarded-Host', host]);
  fields.push(['X-Forwarded-Proto', scheme]);
  return fields;
}

/** The fields of the response to the client, from the upstream's flat list. */
export function responseFields(flat: readonly string[], protocol: string, viaName: string): HeaderList {
  const dropped = connectionNames(valueOf(flat, 'connection'));
  const fields: HeaderList = [];
  let via: string | undefined;
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] as string;
    const value = flat[i + 1] as string;
    const lower = name.toLowerCase();
    if (lower === 'via') via = via === undefined ? value : `${via}, ${value}`;
    // Server would tell what stands behind; the one in front names itself.
    else if (!HOP_BY_HOP.has(lower) && !dropped.has(lower) && lower !== 'server') fields.push([name, value]);
  }
  fields.push(['Via', joinVia(via, protocol, viaName)]);
  return fields;
}

function valueOf(flat: readonly string[], wanted: string): string | undefined {
  let joined: string | undefined;
  for (let i = 0; i < flat.length; i += 2) {
    if (flat[i]?.toLowerCase() === wanted)
      joined = joined === undefined ? flat[i + 1] : `${joined},${flat[i + 1]}`;
  }
  return joined;
}

function joinVia(before: string | undefined, protocol: string, viaName: string): string {
  const own = `${protocol.replace('HTTP/', '')} ${viaName}`;
  return before === undefined ? own : `${before}, ${own}`;
}

/** A Location that names the upstream itself is made the client's (nginx's proxy_redirect). */
export function rewriteLocation(
  fields: HeaderList,
  upstreamOrigin: string | undefined,
  environ: Environ,
): void {
  if (upstreamOrigin === undefined) return;
  for (const field of fields) {
    if (field[0].toLowerCase() !== 'location') continue;
    const url = URL.parse(field[1]);
    if (url?.origin !== upstreamOrigin) continue;
    const host = environ.HTTP_HOST ?? environ.SERVER_NAME;
    field[1] = `${environ['wsgi.url_scheme']}://${host}${url.pathname}${url.search}${url.hash}`;
  }
}
