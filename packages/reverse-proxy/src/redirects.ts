import type { Environ } from '@highball/gateway-protocol';
import type { PathMap } from './path-map.ts';

/**
 * A Location of the upstream as the client must ask for it (nginx's proxy_redirect): its own origin becomes the
 * client's, its path the client's. Other places, and paths that are not below the upstream's prefix, stay.
 */
export function clientLocation(
  location: string,
  origin: string | undefined,
  paths: PathMap,
  environ: Environ,
): string {
  if (location.startsWith('/') && !location.startsWith('//')) {
    return paths.identity ? location : paths.toClient(location);
  }
  const url = origin === undefined ? null : URL.parse(location);
  if (url === null || url.origin !== origin) return location;
  const host = environ.HTTP_HOST ?? environ.SERVER_NAME;
  const path = paths.identity ? url.pathname : paths.toClient(url.pathname);
  return `${environ['wsgi.url_scheme']}://${host}${path}${url.search}${url.hash}`;
}

/** What becomes of cookies' attributes; a key is the upstream's value, its value the client's. */
export interface CookieOptions {
  /** `{ 'app.internal': 'example.org' }`; an empty value takes the attribute off. */
  readonly cookieDomain?: Readonly<Record<string, string>>;
  /** `{ '/': '/api' }`: the longest prefix on the boundary of a segment counts. */
  readonly cookiePath?: Readonly<Record<string, string>>;
}

/** A Set-Cookie with another Domain and Path (nginx's proxy_cookie_domain, proxy_cookie_path). */
export function mapCookie(cookie: string, { cookieDomain, cookiePath }: CookieOptions): string {
  const [pair = '', ...attributes] = cookie.split(';');
  const mapped = attributes.flatMap((attribute) => {
    const [, name = '', value = ''] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/.exec(attribute) ?? [];
    const lower = name.toLowerCase();
    if (lower === 'domain' && cookieDomain !== undefined) return mapDomain(attribute, value, cookieDomain);
    if (lower === 'path' && cookiePath !== undefined) return [` Path=${mapPath(value, cookiePath)}`];
    return [attribute];
  });
  return [pair, ...mapped].join(';');
}

function mapDomain(attribute: string, value: string, map: Readonly<Record<string, string>>): string[] {
  const to = map[value.toLowerCase().replace(/^\./, '')];
  if (to === undefined) return [attribute];
  return to === '' ? [] : [` Domain=${to}`];
}

function mapPath(value: string, map: Readonly<Record<string, string>>): string {
  const from = Object.keys(map)
    .filter((prefix) => value === prefix || value.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`))
    .toSorted((a, b) => b.length - a.length)[0];
  if (from === undefined) return value;
  const to = (map[from] as string).replace(/\/$/, '');
  const rest = value.slice(from.replace(/\/$/, '').length);
  // A cookie for `/api/` would not be sent with `/api`.
  return `${to}${rest === '/' ? '' : rest}` || '/';
}
