import { ProxyConfigError } from './errors.ts';

/** Where an upstream listens. */
export type UpstreamTarget = { readonly host: string; readonly port: number } | { readonly path: string };

const LATER: ReadonlySet<string> = new Set(['https:', 'uwsgi:', 'fastcgi:', 'scgi:']);

/**
 * Reads the address of an upstream: `http://host:port` or `unix:/path`.
 * @throws ProxyConfigError that says what would be right.
 */
export function parseUpstream(text: string): UpstreamTarget {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    if (!path.startsWith('/'))
      throw new ProxyConfigError(`'${text}' names no socket; write unix:/run/app.sock`);
    return { path };
  }
  const url = URL.parse(text);
  if (url !== null && LATER.has(url.protocol)) {
    throw new ProxyConfigError(
      `'${text}': ${url.protocol}// upstreams are not supported yet; use http://HOST:PORT or unix:/PATH`,
    );
  }
  const plain =
    url?.protocol === 'http:' && url.hostname !== '' && /^\/?$/.test(url.pathname) && url.search === '';
  if (!plain || url.username !== '') {
    throw new ProxyConfigError(`'${text}' is no upstream; write http://HOST:PORT or unix:/PATH`);
  }
  return { host: url.hostname.replaceAll(/^\[|\]$/g, ''), port: Number(url.port || 80) };
}

/** One name for one place, for pools. */
export function targetKey(target: UpstreamTarget): string {
  return 'path' in target ? `unix:${target.path}` : `${target.host}:${target.port}`;
}
