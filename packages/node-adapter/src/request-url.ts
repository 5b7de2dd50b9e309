import type { Environ } from '@highball/gateway-protocol';

/** What a handler sees of the address. */
export interface RequestUrl {
  /** `req.url`: below the place where the handler is mounted. */
  readonly url: string;
  /** The whole target, as it was sent. */
  readonly originalUrl: string;
}

/**
 * The target of a request. Below a mount (SCRIPT_NAME) `url` is what is left, as Express and connect have it for
 * what they mount themselves.
 */
export function requestUrl(environ: Environ): RequestUrl {
  const { SCRIPT_NAME: mount, RAW_URI: raw } = environ;
  if (mount === '' && raw !== undefined) return { url: raw, originalUrl: raw };
  const rest = raw === undefined ? undefined : below(raw, mount);
  const url = rest ?? encodeTarget(environ.PATH_INFO, environ.QUERY_STRING);
  return { url, originalUrl: raw ?? encodePath(mount) + url };
}

/** The target below a mount; undefined when it is not written as the mount is. */
function below(raw: string, mount: string): string | undefined {
  if (!raw.startsWith(mount)) return undefined;
  const rest = raw.slice(mount.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : undefined;
}

function encodeTarget(path: string, query: string): string {
  return (encodePath(path) || '/') + (query === '' ? '' : `?${query}`);
}

/** Latin-1, one character a byte, back to percent-encoding: all but RFC 3986's pchar and `/`. */
function encodePath(path: string): string {
  return path.replaceAll(
    /[^\w.~!$&'()*+,;=:@/-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
