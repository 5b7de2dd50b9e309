import { ProxyConfigError } from './errors.ts';

/** What an upstream speaks. */
export type UpstreamProtocol = 'http' | 'h2' | 'uwsgi' | 'fastcgi' | 'scgi';

/** Where an upstream listens, and what it speaks there. */
export type UpstreamTarget =
  | {
      readonly protocol: UpstreamProtocol;
      readonly tls: boolean;
      readonly host: string;
      readonly port: number;
    }
  | { readonly protocol: UpstreamProtocol; readonly tls: false; readonly path: string };

/**
 * The schemes over TCP. `grpc` and `grpcs` are nginx's words for HTTP/2 with and without TLS. uwsgi, FastCGI and SCGI have no
 * port of their own.
 */
const SCHEMES: Readonly<
  Record<string, { protocol: UpstreamProtocol; tls: boolean; port: number | undefined }>
> = {
  'http:': { protocol: 'http', tls: false, port: 80 },
  'https:': { protocol: 'http', tls: true, port: 443 },
  'h2c:': { protocol: 'h2', tls: false, port: 80 },
  'h2:': { protocol: 'h2', tls: true, port: 443 },
  'grpc:': { protocol: 'h2', tls: false, port: 80 },
  'grpcs:': { protocol: 'h2', tls: true, port: 443 },
  'uwsgi:': { protocol: 'uwsgi', tls: false, port: undefined },
  'fastcgi:': { protocol: 'fastcgi', tls: false, port: undefined },
  'scgi:': { protocol: 'scgi', tls: false, port: undefined },
};

/** The prefixes of Unix sockets. */
const UNIX: readonly (readonly [prefix: string, protocol: UpstreamProtocol])[] = [
  ['unix:', 'http'],
  ['http+unix:', 'http'],
  ['h2c+unix:', 'h2'],
  ['grpc+unix:', 'h2'],
  ['uwsgi+unix:', 'uwsgi'],
  ['fastcgi+unix:', 'fastcgi'],
  ['scgi+unix:', 'scgi'],
];

const FORMS =
  'http://HOST:PORT, https://HOST:PORT, unix:/PATH, h2c://HOST:PORT, h2://HOST:PORT (HTTP/2 over TLS), grpc://HOST:PORT, grpcs://HOST:PORT, uwsgi://HOST:PORT, fastcgi://HOST:PORT, scgi://HOST:PORT, or h2c, grpc, uwsgi, fastcgi or scgi with +unix:/PATH';

/**
 * Reads the address of an upstream: `http://host:port`, `https://…`, `h2c://…`, `h2://…`, `grpc://…`, `grpcs://…`,
 * `uwsgi://…`, `fastcgi://…`, `scgi://…`, or a Unix socket: `unix:/path`, `h2c+unix:/path`, `uwsgi+unix:/path`….
 * @throws ProxyConfigError BAD_UPSTREAM that says what would be right.
 */
export function parseUpstream(text: string): UpstreamTarget {
  for (const [prefix, protocol] of UNIX) {
    if (text.startsWith(prefix)) return { protocol, tls: false, path: socketPath(text, prefix) };
  }
  const url = URL.parse(text);
  const scheme = SCHEMES[url?.protocol ?? ''];
  const plain =
    url !== null && url.hostname !== '' && /^\/?$/.test(url.pathname) && url.search === '' && url.hash === '';
  if (scheme === undefined || !plain || url.username !== '') {
    throw new ProxyConfigError(`'${text}' is no upstream; write ${FORMS}`);
  }
  const port = url.port === '' ? scheme.port : Number(url.port);
  if (port === undefined)
    throw new ProxyConfigError(`'${text}' names no port; write ${url.protocol}//HOST:PORT`);
  return {
    protocol: scheme.protocol,
    tls: scheme.tls,
    host: url.hostname.replaceAll(/^\[|\]$/g, ''),
    port,
  };
}

/**
 * A PROXY header says for whom a connection is, and those of HTTP/2 are everybody's.
 * @throws ProxyConfigError BAD_OPTION
 */
export function checkPreface(id: string, target: UpstreamTarget, proxyProtocol: 1 | 2 | undefined): void {
  if (proxyProtocol === undefined || target.protocol !== 'h2') return;
  throw new ProxyConfigError(
    `'${id}' shares its connections among clients: proxyProtocol goes with http:// and https://, not with HTTP/2`,
    'BAD_OPTION',
  );
}

function socketPath(text: string, prefix: string): string {
  // `unix:///run/app.sock` is what people write who think of URLs.
  const path = text.slice(prefix.length).replace(/^\/\/(?=\/)/, '');
  if (!path.startsWith('/')) {
    throw new ProxyConfigError(`'${text}' names no socket; write ${prefix}/run/app.sock`);
  }
  return path;
}

/** Whether it is HTTP, of whatever version, and no protocol of programs behind web servers. */
export function speaksHttp({ protocol }: Pick<UpstreamTarget, 'protocol'>): boolean {
  return protocol === 'http' || protocol === 'h2';
}

/** The origin by which an HTTP upstream calls itself; undefined of a socket. */
export function originOf(target: UpstreamTarget): string | undefined {
  return urlOf(target)?.origin;
}

/** What the Host field of a request calls it; undefined of a socket. */
export function hostOf(target: UpstreamTarget): string | undefined {
  return urlOf(target)?.host;
}

const urls = new WeakMap<UpstreamTarget, URL>();

function urlOf(target: UpstreamTarget): URL | undefined {
  if ('path' in target) return undefined;
  let url = urls.get(target);
  if (url === undefined) {
    url = new URL(`${target.tls ? 'https' : 'http'}://${authorityOf(target)}`);
    urls.set(target, url);
  }
  return url;
}

/** Host and port, as in a URL. */
export function authorityOf(target: { readonly host: string; readonly port: number }): string {
  return `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
}
