import {
  type AsgiAddress,
  type AsgiExtensions,
  type AsgiState,
  type AsgiVersions,
  decodePath,
  type Environ,
  type HeaderField,
  type HttpScope,
  type WebSocketScope,
} from '@highball/gateway-protocol';

/** 2.5 of the specifications of HTTP and WebSocket: the newest of 2026. */
const VERSIONS: AsgiVersions = Object.freeze({ version: '3.0', spec_version: '2.5' });

/** The http scope of a request (ASGI HTTP spec, "HTTP Connection Scope"). */
export function httpScope(environ: Environ, state: AsgiState | undefined): HttpScope {
  const rootPath = textOf(environ.SCRIPT_NAME);
  // One literal with all usual keys: every scope has the same hidden class.
  const scope: HttpScope = {
    type: 'http',
    asgi: VERSIONS,
    http_version: versionOf(environ.SERVER_PROTOCOL),
    method: environ.REQUEST_METHOD,
    scheme: environ['wsgi.url_scheme'],
    path: rootPath + textOf(environ.PATH_INFO),
    raw_path: rawPathOf(environ),
    query_string: environ.QUERY_STRING,
    root_path: rootPath,
    headers: headersOf(environ),
    client: addressOf(environ.REMOTE_ADDR, environ.REMOTE_PORT),
    server: addressOf(environ.SERVER_NAME, environ.SERVER_PORT),
    extensions: extensionsOf(environ),
  };
  // Each request has its own copy: what it adds is not seen by others (ASGI Lifespan spec, "Lifespan State").
  if (state !== undefined) scope.state = { ...state };
  return scope;
}

/** The websocket scope of a handshake (ASGI WebSocket spec, "Websocket Connection Scope"). */
export function webSocketScope(
  environ: Environ,
  subprotocols: readonly string[],
  state: AsgiState | undefined,
): WebSocketScope {
  const { type: _type, method: _method, scheme, ...rest } = httpScope(environ, state);
  const extensions = { 'websocket.http.response': NOTHING };
  return { ...rest, type: 'websocket', scheme: scheme === 'https' ? 'wss' : 'ws', subprotocols, extensions };
}

const NOTHING = Object.freeze({});
const BOTH: AsgiExtensions = Object.freeze({
  'http.response.trailers': NOTHING,
  'http.response.early_hint': NOTHING,
});

/** What the server below can do. */
function extensionsOf(environ: Environ): AsgiExtensions {
  const hasTrailers = environ['highball.send_trailers'] !== undefined;
  const hasHints = environ['wsgi.early_hints'] !== undefined;
  if (hasTrailers && hasHints) return BOTH;
  if (hasTrailers) return { 'http.response.trailers': NOTHING };
  return hasHints ? { 'http.response.early_hint': NOTHING } : NOTHING;
}

function versionOf(protocol: string): HttpScope['http_version'] {
  return protocol.slice('HTTP/'.length) as HttpScope['http_version'];
}

function addressOf(host: string | undefined, port: string | undefined): AsgiAddress | null {
  if (host === undefined || host === '') return null;
  return [host, port === undefined || port === '' ? null : Number(port)];
}

/** The path as text; bytes that are no UTF-8 become U+FFFD, and `raw_path` tells what they were. */
function textOf(path: string): string {
  try {
    return decodePath(path);
  } catch {
    return Buffer.from(path, 'latin1').toString();
  }
}

/** The path as it was sent. Without RAW_URI it is made up: escaped where it must be (RFC 3986 §3.3). */
function rawPathOf({ RAW_URI: target, SCRIPT_NAME, PATH_INFO }: Environ): string {
  if (target === undefined) return escapePath(SCRIPT_NAME + PATH_INFO);
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  if (path.charCodeAt(0) === SLASH) return path;
  // The absolute form (RFC 9112 §3.2.2).
  const [, rest] = /^[a-z][a-z0-9+.-]*:\/\/[^/]*(.*)$/i.exec(path) ?? [];
  return rest === undefined ? path : rest || '/';
}

const SLASH = 0x2f;

function escapePath(latin1: string): string {
  return latin1.replaceAll(
    /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

/** How many names are remembered: clients choose them, so there must be an end. */
const MAX_NAMES = 2048;
const names = new Map<string, string>();

/**
 * The fields, out of environ: what a middleware changed there counts. Repeated fields are joined there already,
 * which means the same (RFC 9110 §5.3).
 */
function headersOf(environ: Environ): HeaderField[] {
  const headers: HeaderField[] = [];
  for (const key in environ) {
    if (!key.startsWith('HTTP_')) continue;
    const value = environ[key];
    if (typeof value === 'string') headers.push([nameOf(key), value]);
  }
  if (environ.CONTENT_TYPE !== undefined) headers.push(['content-type', environ.CONTENT_TYPE]);
  if (environ.CONTENT_LENGTH !== undefined) headers.push(['content-length', environ.CONTENT_LENGTH]);
  return headers;
}

function nameOf(key: string): string {
  const known = names.get(key);
  if (known !== undefined) return known;
  const name = key.slice('HTTP_'.length).toLowerCase().replaceAll('_', '-');
  if (names.size >= MAX_NAMES) names.clear();
  names.set(key, name);
  return name;
}
