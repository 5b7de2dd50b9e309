import type { Environ } from '@highball/gateway-protocol';
import { FetchRequestError } from './errors.ts';

/** Origins that are remembered: clients choose them, so there must be an end. */
const MAX_ORIGINS = 1024;
/** `http://HOST` as it was sent, to the origin as URL writes it. */
const origins = new Map<string, string>();

/**
 * What URL would leave as it is, other than dot segments: RFC 3986's characters of a path and a query, without
 * `'`, which a query has escaped, and without `%`, which may hide a dot.
 */
const PLAIN_TARGET = /^\/[\w\-.~!$&()*+,;=:@/?]*$/;

/**
 * The URL of a request: scheme, Host and the target as it was sent (RFC 9112 §3.3), in the spelling of the URL
 * standard, which is what `Request.url` has.
 * @throws FetchRequestError BAD_HOST, BAD_TARGET
 */
export function requestUrl(environ: Environ): string {
  const origin = originOf(environ['wsgi.url_scheme'], hostOf(environ));
  const target = originForm(environ.RAW_URI ?? targetOf(environ));
  if (PLAIN_TARGET.test(target) && !target.includes('/.')) return origin + target;
  return normalize(origin, target);
}

function originOf(scheme: string, host: string): string {
  const key = `${scheme}://${host}`;
  const known = origins.get(key);
  if (known !== undefined) return known;
  const origin = parseOrigin(key);
  if (origins.size >= MAX_ORIGINS) origins.clear();
  origins.set(key, origin);
  return origin;
}

/** The host must be nothing but a host: neither user, path, query nor fragment (RFC 9110 §7.2). */
function parseOrigin(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHost = url !== undefined && /^[^/]*\/\/[^\s/?#@\\]+$/.test(text);
  if (isHost && url.pathname === '/') return `${url.protocol}//${url.host}`;
  throw new FetchRequestError('BAD_HOST', `${JSON.stringify(text)} is no origin`);
}

function hostOf(environ: Environ): string {
  if (environ.HTTP_HOST) return environ.HTTP_HOST;
  const { SERVER_NAME: name, SERVER_PORT: port } = environ;
  return `${name.includes(':') && !name.startsWith('[') ? `[${name}]` : name}:${port}`;
}

/** Absolute form loses its origin, which Host repeats; the asterisk stands for no path (RFC 9112 §3.2.2, §3.2.4). */
function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  if (target === '*') return '/';
  const [, rest] = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*(.*)$/i.exec(target) ?? [];
  if (rest === undefined) throw new FetchRequestError('BAD_TARGET', `${JSON.stringify(target)} is no target`);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function normalize(origin: string, target: string): string {
  const mark = target.indexOf('?');
  // URL reads `\` as a slash, PATH_INFO does not: two readings of one path are a hole in somebody's rules.
  if (target.slice(0, mark === -1 ? undefined : mark).includes('\\')) {
    throw new FetchRequestError('BAD_TARGET', 'the path has a backslash');
  }
  const url = new URL(origin + target);
  // No target has a fragment; what looks like one is not the handler's.
  url.hash = '';
  return url.href;
}

/** For a server that does not tell the target as it was sent: made of the decoded path, byte by byte. */
function targetOf(environ: Environ): string {
  const path = environ.SCRIPT_NAME + environ.PATH_INFO;
  const escaped = path.replaceAll(/[^\w\-.~!$&()*+,;=:@/]/g, escapeByte);
  const slash = escaped.startsWith('/') ? '' : '/';
  return `${slash}${escaped}${environ.QUERY_STRING === '' ? '' : `?${environ.QUERY_STRING}`}`;
}

function escapeByte(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
