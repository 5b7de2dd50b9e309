import { isIP } from 'node:net';
import { ProxyProtocolError } from './errors.ts';

/** Which versions of the PROXY protocol are accepted. */
export type ProxyVersion = 'v1' | 'v2' | 'auto';

/** One end of the connection that a proxy speaks for. */
export interface Endpoint {
  address: string;
  port: number;
}

/** What a header says; without `source` the proxy speaks for itself (LOCAL, UNKNOWN). */
export type ProxyHeader =
  | { state: 'need-more' }
  | { state: 'done'; consumed: number; source?: Endpoint; destination?: Endpoint };

const NEED_MORE: ProxyHeader = Object.freeze({ state: 'need-more' });

/** The twelve bytes that begin version 2 (PROXY protocol, §2.2). */
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** The longest line of version 1, with CRLF (§2.1). */
const MAX_LINE = 107;
/** Addresses take at most 216 bytes; the rest are extensions, which no honest sender needs much room for. */
const MAX_V2_LENGTH = 2048;

/**
 * Reads the header that a proxy puts before a connection (HAProxy's PROXY protocol, versions 1 and 2). To be
 * called with all that has arrived until it says `done`.
 * @throws ProxyProtocolError when it is none: the connection must be closed.
 */
export function parseProxyHeader(bytes: Uint8Array, version: ProxyVersion): ProxyHeader {
  if (bytes.length === 0) return NEED_MORE;
  const isSecond = startsLike(bytes, SIGNATURE);
  if (version !== 'v1' && isSecond) return parseSecond(bytes);
  if (version !== 'v2' && !isSecond) return parseFirst(bytes);
  throw new ProxyProtocolError(
    `the connection does not begin with a PROXY header of version ${version.slice(1)}`,
  );
}

/** Whether the bytes, as far as they have come, are those of a prefix. */
function startsLike(bytes: Uint8Array, prefix: Uint8Array): boolean {
  const length = Math.min(bytes.length, prefix.length);
  for (let i = 0; i < length; i++) {
    if (bytes[i] !== prefix[i]) return false;
  }
  return true;
}

const FIRST_PREFIX = Buffer.from('PROXY ', 'latin1');

/** `PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 CRLF` */
function parseFirst(bytes: Uint8Array): ProxyHeader {
  if (!startsLike(bytes, FIRST_PREFIX))
    throw new ProxyProtocolError('the connection does not begin with PROXY');
  const text = Buffer.from(bytes.subarray(0, MAX_LINE)).toString('latin1');
  const end = text.indexOf('\r\n');
  if (end === -1) {
    if (bytes.length >= MAX_LINE) throw new ProxyProtocolError('the PROXY line has no end');
    return NEED_MORE;
  }
  const consumed = end + 2;
  const parts = text.slice(0, end).split(' ');
  if (parts[1] === 'UNKNOWN') return { state: 'done', consumed };
  const [, family, sourceAddress = '', destinationAddress = '', sourcePort = '', destinationPort = ''] =
    parts;
  const expected = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : -1;
  if (parts.length !== 6 || isIP(sourceAddress) !== expected || isIP(destinationAddress) !== expected) {
    throw new ProxyProtocolError('the PROXY line cannot be read');
  }
  return {
    state: 'done',
    consumed,
    source: { address: sourceAddress, port: readPort(sourcePort) },
    destination: { address: destinationAddress, port: readPort(destinationPort) },
  };
}

function readPort(text: string): number {
  const port = /^(0|[1-9]\d{0,4})$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new ProxyProtocolError('the PROXY line has no valid port');
}

/** Signature, version and command, family and protocol, length, addresses, extensions (§2.2). */
function parseSecond(bytes: Uint8Array): ProxyHeader {
  if (bytes.length < 16) return NEED_MORE;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const command = view.getUint8(12);
  const family = view.getUint8(13);
  const length = view.getUint16(14);
  if (command >> 4 !== 2 || (command & 0xf) > 1)
    throw new ProxyProtocolError('an unknown PROXY version or command');
  if (length > MAX_V2_LENGTH) throw new ProxyProtocolError('the PROXY header is too long');
  const consumed = 16 + length;
  if (bytes.length < consumed) return NEED_MORE;
  const size = family === 0x11 ? 4 : family === 0x21 ? 16 : 0;
  if ((command & 0xf) === 0 || size === 0) return { state: 'done', consumed };
  if (length < 2 * size + 4) throw new ProxyProtocolError('the PROXY header is too short for its addresses');
  return {
    state: 'done',
    consumed,
    source: { address: readAddress(view, 16, size), port: view.getUint16(16 + 2 * size) },
    destination: { address: readAddress(view, 16 + size, size), port: view.getUint16(18 + 2 * size) },
  };
}

function readAddress(view: DataView, offset: number, size: number): string {
  if (size === 4) return [0, 1, 2, 3].map((i) => view.getUint8(offset + i)).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => view.getUint16(offset + 2 * i).toString(16));
  // The canonical spelling (RFC 5952), by the parser of URLs.
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
