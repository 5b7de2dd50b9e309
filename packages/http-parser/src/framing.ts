import { RemoteProtocolError } from './errors.ts';
import { isToken, trimOws } from './grammar.ts';

/** How the end of a body is found: a length, chunks, the end of the connection, or no body at all. */
export interface Framing {
  /** Bytes; -1 without a Content-Length. */
  contentLength: number;
  chunked: boolean;
  /** Whether the body ends with the connection; only responses. */
  untilClose: boolean;
}

/**
 * Decides the framing of a request (RFC 9112 §6.3). Whatever could be read in two ways is refused: that is what
 * request smuggling lives on.
 * @throws RemoteProtocolError
 */
export function requestFraming(
  contentLength: string | undefined,
  transferEncoding: string | undefined,
  minorVersion: number,
): Framing {
  if (transferEncoding !== undefined) return chunkedFraming(contentLength, transferEncoding, minorVersion);
  return {
    contentLength: contentLength === undefined ? -1 : parseContentLength(contentLength),
    chunked: false,
    untilClose: false,
  };
}

/**
 * Decides the framing of a response (RFC 9112 §6.3): it depends on the request's method and on the status.
 * @throws RemoteProtocolError
 */
export function responseFraming(
  contentLength: string | undefined,
  transferEncoding: string | undefined,
  minorVersion: number,
  exchange: { method: string; status: number },
): Framing & { bodiless: boolean } {
  const bodiless = hasNoBody(exchange.method, exchange.status);
  if (transferEncoding !== undefined) {
    return { ...chunkedFraming(contentLength, transferEncoding, minorVersion), bodiless };
  }
  const length = contentLength === undefined ? -1 : parseContentLength(contentLength);
  return { contentLength: length, chunked: false, untilClose: !bodiless && length === -1, bodiless };
}

/** Whether a response ends with its head (RFC 9112 §6.3, rules 1 and 2). */
function hasNoBody(method: string, status: number): boolean {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return true;
  return method === 'CONNECT' && status < 300;
}

function chunkedFraming(contentLength: string | undefined, codings: string, minorVersion: number): Framing {
  // RFC 9112 §6.1: an HTTP/1.0 message with Transfer-Encoding has faulty framing.
  if (minorVersion === 0) {
    throw new RemoteProtocolError('BAD_TRANSFER_ENCODING', 'Transfer-Encoding in an HTTP/1.0 message');
  }
  if (codings.toLowerCase() !== 'chunked') throw badCodings(codings);
  if (contentLength !== undefined) {
    throw new RemoteProtocolError('AMBIGUOUS_FRAMING', 'both Content-Length and Transfer-Encoding');
  }
  return { contentLength: -1, chunked: true, untilClose: false };
}

/** Says why a Transfer-Encoding is refused: 501 for a coding that nobody here decodes, otherwise 400. */
function badCodings(codings: string): RemoteProtocolError {
  const names = codings.split(',').map((name) => trimOws(name).toLowerCase());
  const malformed = names.find((name) => !isToken(name));
  if (malformed !== undefined) {
    return new RemoteProtocolError('BAD_TRANSFER_ENCODING', `'${malformed}' is no transfer coding`);
  }
  if (names.slice(0, -1).includes('chunked')) {
    return new RemoteProtocolError('BAD_TRANSFER_ENCODING', 'chunked is not the last coding, and only that');
  }
  const unknown = names.find((name) => name !== 'chunked') ?? codings;
  return new RemoteProtocolError('TRANSFER_CODING_NOT_IMPLEMENTED', `the transfer coding ${unknown}`);
}

/** `Content-Length = 1*DIGIT` (RFC 9110 §8.6), of at most 2^53 - 1. Leading zeros are decimal. */
function parseContentLength(text: string): number {
  let length = text.length === 0 ? Number.NaN : 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    length = digit >= 0 && digit <= 9 ? length * 10 + digit : Number.NaN;
  }
  if (!(length <= Number.MAX_SAFE_INTEGER)) {
    throw new RemoteProtocolError('BAD_CONTENT_LENGTH', `Content-Length is '${text.slice(0, 40)}'`);
  }
  return length;
}
