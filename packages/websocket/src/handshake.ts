import type { Environ } from '@highball/gateway-protocol';
import { hasMember } from '@highball/http-semantics';
import { HandshakeError } from './errors.ts';
import { isOriginAllowed } from './origin.ts';

/** What a client asks for, once it is known to be well-formed. */
export interface Handshake {
  readonly key: string;
  /** What the client offers, in its order of preference. */
  readonly subprotocols: readonly string[];
  /** The Sec-WebSocket-Extensions field. */
  readonly extensions: string | undefined;
}

/** RFC 6455 §4.1: the only version there is. */
const VERSION = '13';
/** 16 bytes in base64 (RFC 6455 §4.1): 22 characters, of which the last carries four bits of zero. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
/** RFC 9110 §5.6.2 */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Whether a request asks for a WebSocket, well-formed or not (RFC 6455 §4.2.1, 3 and 4). */
export function isWebSocketRequest(environ: Environ): boolean {
  return hasMember(environ['HTTP_UPGRADE'], 'websocket') && hasMember(environ['HTTP_CONNECTION'], 'upgrade');
}

/**
 * Reads the opening handshake of a client (RFC 6455 §4.2.1).
 * @throws HandshakeError with what to answer.
 */
export function readHandshake(environ: Environ, allowedOrigins: '*' | ReadonlySet<string>): Handshake {
  if (environ.REQUEST_METHOD !== 'GET') {
    throw new HandshakeError('BAD_METHOD', '405 Method Not Allowed', 'a WebSocket is opened with GET', [
      ['Allow', 'GET'],
    ]);
  }
  if (!isWebSocketRequest(environ) || environ.SERVER_PROTOCOL === 'HTTP/1.0') {
    const message = 'this address is for WebSockets: the request must ask for an upgrade';
    throw new HandshakeError('UPGRADE_REQUIRED', '426 Upgrade Required', message, [['Upgrade', 'websocket']]);
  }
  if (environ['HTTP_SEC_WEBSOCKET_VERSION'] !== VERSION) {
    // RFC 6455 §4.4: what is spoken here; RFC 9110 §15.5.22: a 426 names the protocol.
    throw new HandshakeError('BAD_VERSION', '426 Upgrade Required', `the version must be ${VERSION}`, [
      ['Upgrade', 'websocket'],
      ['Sec-WebSocket-Version', VERSION],
    ]);
  }
  const key = environ['HTTP_SEC_WEBSOCKET_KEY'] ?? '';
  if (!KEY.test(key)) throw badRequest('BAD_KEY', 'Sec-WebSocket-Key must be 16 bytes in base64');
  const { HTTP_ORIGIN: origin, HTTP_HOST: host, 'wsgi.url_scheme': scheme } = environ;
  if (!isOriginAllowed(origin, host, scheme, allowedOrigins)) {
    throw new HandshakeError('FOREIGN_ORIGIN', '403 Forbidden', 'pages of this origin may not connect');
  }
  return {
    key,
    subprotocols: readSubprotocols(environ['HTTP_SEC_WEBSOCKET_PROTOCOL']),
    extensions: environ['HTTP_SEC_WEBSOCKET_EXTENSIONS'],
  };
}

/** RFC 6455 §4.1, 10: distinct tokens, by commas. */
function readSubprotocols(field: string | undefined): readonly string[] {
  if (field === undefined) return [];
  const names = field.split(',').map((name) => name.trim());
  if (names.every((name) => TOKEN.test(name)) && new Set(names).size === names.length) return names;
  throw badRequest('BAD_PROTOCOLS', 'Sec-WebSocket-Protocol must be a list of distinct tokens');
}

function badRequest(code: 'BAD_KEY' | 'BAD_PROTOCOLS', message: string): HandshakeError {
  return new HandshakeError(code, '400 Bad Request', message);
}
