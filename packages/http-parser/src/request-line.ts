import { RemoteProtocolError } from './errors.ts';
import { consistsOf, isHost, TOKEN } from './grammar.ts';

/** The three parts of `method SP request-target SP HTTP-version` (RFC 9112 §3). */
export interface RequestLine {
  method: string;
  target: string;
  minorVersion: 0 | 1;
}

/** Methods as constants of ours: equal strings that need no memory of their own. */
const METHODS = new Map(
  ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE'].map((name) => [
    name,
    name,
  ]),
);

/**
 * Reads the request line that stands at the start of a text; its bytes have been checked by the scanner.
 * @throws RemoteProtocolError
 */
export function readRequestLine(text: string, start: number, end: number): RequestLine {
  const methodEnd = text.indexOf(' ', start);
  if (methodEnd === -1 || methodEnd >= end) throw badLine('it has no target');
  const method = text.startsWith('GET ', start) ? 'GET' : readMethod(text.substring(start, methodEnd));
  const targetEnd = text.indexOf(' ', methodEnd + 1);
  if (targetEnd === -1 || targetEnd >= end) throw badLine('it has no version');
  const target = text.substring(methodEnd + 1, targetEnd);
  const minorVersion = readVersion(text, targetEnd + 1, end);
  if (target.length === 0) throw badLine('two spaces in a row');
  if (target.includes('#')) throw badTarget('it has a fragment');
  return { method, target, minorVersion };
}

function readMethod(word: string): string {
  const method = METHODS.get(word);
  if (method !== undefined) return method;
  if (word.length > 0 && consistsOf(TOKEN, word)) return word;
  throw new RemoteProtocolError('BAD_METHOD', 'the method is no token');
}

/**
 * `HTTP-version = "HTTP/" DIGIT "." DIGIT` (RFC 9112 §2.3). A later minor version is treated as 1.1.
 * @throws RemoteProtocolError BAD_VERSION, or VERSION_NOT_SUPPORTED for another major version.
 */
export function readVersion(text: string, start: number, end: number): 0 | 1 {
  if (end - start === 8 && text.startsWith('HTTP/1.1', start)) return 1;
  const major = text.charCodeAt(start + 5) - 0x30;
  const minor = text.charCodeAt(start + 7) - 0x30;
  const formed = end - start === 8 && text.startsWith('HTTP/', start) && text.charCodeAt(start + 6) === 0x2e;
  if (!formed || !(major >= 0 && major <= 9) || !(minor >= 0 && minor <= 9)) {
    throw new RemoteProtocolError(
      'BAD_VERSION',
      'the version is not HTTP/ and two digits with a point between',
    );
  }
  if (major !== 1) throw new RemoteProtocolError('VERSION_NOT_SUPPORTED', `HTTP/${major} is not spoken here`);
  return minor === 0 ? 0 : 1;
}

/**
 * Checks that the target has the form its method asks for (RFC 9112 §3.2).
 * @returns the authority that the target itself names, if it does: it overrides Host (§3.2.2).
 * @throws RemoteProtocolError BAD_TARGET
 */
export function targetAuthority(method: string, target: string): string | undefined {
  if (method === 'CONNECT') {
    if (!isHost(target) || !/:\d+$/.test(target)) throw badTarget('CONNECT takes host:port');
    return target;
  }
  if (target.charCodeAt(0) === 0x2f) return undefined;
  if (target === '*') {
    if (method !== 'OPTIONS') throw badTarget("only OPTIONS takes '*'");
    return undefined;
  }
  const [, authority] = /^https?:\/\/([^/?]*)/i.exec(target) ?? [];
  if (authority === undefined) throw badTarget('it is neither a path nor an http address');
  if (!isHost(authority)) throw badTarget('its authority is no host');
  return authority;
}

function badLine(why: string): RemoteProtocolError {
  return new RemoteProtocolError('BAD_START_LINE', `a request line is 'METHOD TARGET HTTP/1.1': ${why}`);
}

function badTarget(why: string): RemoteProtocolError {
  return new RemoteProtocolError('BAD_TARGET', `the request target is malformed: ${why}`);
}
