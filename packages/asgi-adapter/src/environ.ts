import type { AsgiAddress, Environ, ErrorStream, HttpScope, InputStream } from '@highball/gateway-protocol';

const VERSION: readonly [number, number] = Object.freeze([1, 0] as const);
/** Stands in a path where bytes were no UTF-8. */
const REPLACEMENT = '\ufffd';

/** The environ of an http scope (PEP 3333, "environ Variables"), without the callables of the server. */
export function environOf(scope: HttpScope, input: InputStream, errors: ErrorStream): Environ {
  const { path, root_path: rootPath, query_string: query, scheme } = scope;
  const environ: Environ = {
    REQUEST_METHOD: scope.method,
    SCRIPT_NAME: latin1Of(rootPath),
    PATH_INFO: pathInfoOf(scope),
    QUERY_STRING: query,
    SERVER_NAME: '',
    SERVER_PORT: '',
    SERVER_PROTOCOL: `HTTP/${scope.http_version}`,
    REMOTE_ADDR: scope.client?.[0] ?? '',
    REMOTE_PORT: portOf(scope.client),
    RAW_URI: (scope.raw_path || encodeURI(path)) + (query === '' ? '' : `?${query}`),
    'wsgi.version': VERSION,
    'wsgi.url_scheme': scheme,
    'wsgi.input': input,
    'wsgi.errors': errors,
    'wsgi.multithread': false,
    'wsgi.multiprocess': true,
    'wsgi.run_once': false,
    'wsgi.input_terminated': true,
  };
  for (const [name, value] of scope.headers) addField(environ, name, value);
  environ.SERVER_NAME = scope.server?.[0] ?? hostOf(environ.HTTP_HOST);
  environ.SERVER_PORT = portOf(scope.server) || (scheme === 'https' ? '443' : '80');
  if (scheme === 'https') environ.HTTPS = 'on';
  return environ;
}

function addField(environ: Environ, name: string, value: string): void {
  // It would be taken for the one with a hyphen, as which a proxy may have vouched for it.
  if (name.includes('_')) return;
  const key = name.toUpperCase().replaceAll('-', '_');
  if (key === 'CONTENT_TYPE' || key === 'CONTENT_LENGTH') environ[key] = value;
  // httpoxy (CVE-2016-5385): programs take HTTP_PROXY for the proxy that they are to use.
  else if (key !== 'PROXY') {
    const before = environ[`HTTP_${key}`];
    // RFC 6265 §5.4 and PEP 3333: cookies join by a semicolon, everything else by a comma.
    const joined = before === undefined ? value : before + (key === 'COOKIE' ? '; ' : ',') + value;
    environ[`HTTP_${key}`] = joined;
  }
}

/** The path below the mount point, as bytes in latin-1 (PEP 3333, "Unicode Issues"). */
function pathInfoOf({ path, raw_path: rawPath, root_path: rootPath }: HttpScope): string {
  const isLossy = path.includes(REPLACEMENT) && rawPath !== '';
  const full = isLossy ? unescapePath(rawPath) : latin1Of(path);
  const root = latin1Of(rootPath);
  const isBelow = root !== '' && (full === root || full.startsWith(`${root}/`));
  return isBelow ? full.slice(root.length) : full;
}

function unescapePath(path: string): string {
  return path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function latin1Of(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function portOf(address: AsgiAddress | null): string {
  return String(address?.[1] ?? '');
}

function hostOf(host: string | undefined): string {
  return host?.replace(/:\d*$/, '') || 'localhost';
}
