import type { Environ } from '@highball/gateway-protocol';
import { Buffer } from 'node:buffer';
import { isIP } from 'node:net';

/** `\r\n\r\n\0\r\nQUIT\n`, then version 2 and command PROXY (HAProxy's proxy-protocol.txt §2.2). */
const SIGNATURE_V2 = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const PROXY_V2 = 0x21;
const LOCAL_V2 = 0x20;
const STREAM_V4 = 0x11;
const STREAM_V6 = 0x21;

/** The two ends of the client's connection. */
interface Ends {
  readonly family: 4 | 6;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** The PROXY header that tells an upstream who the client is (proxy-protocol.txt). */
export function proxyHeader(environ: Environ, version: 1 | 2): Uint8Array {
  const ends = endsOf(environ);
  return version === 1 ? headerV1(ends) : headerV2(ends);
}

function endsOf(environ: Environ): Ends | undefined {
  const { REMOTE_ADDR: source = '', SERVER_NAME: server } = environ;
  const family = isIP(source);
  if (family === 0) return undefined;
  return {
    family: family as 4 | 6,
    source,
    // A host's name is no address, and both ends must be of one family: then none is named.
    destination: isIP(server) === family ? server : family === 4 ? '0.0.0.0' : '::',
    sourcePort: Number(environ.REMOTE_PORT) || 0,
    destinationPort: Number(environ.SERVER_PORT) || 0,
  };
}

function headerV1(ends: Ends | undefined): Buffer {
  if (ends === undefined) return Buffer.from('PROXY UNKNOWN\r\n');
  const { family, source, destination, sourcePort, destinationPort } = ends;
  return Buffer.from(`PROXY TCP${family} ${source} ${destination} ${sourcePort} ${destinationPort}\r\n`);
}

function headerV2(ends: Ends | undefined): Buffer {
  if (ends === undefined) return Buffer.concat([SIGNATURE_V2, Buffer.from([LOCAL_V2, 0, 0, 0])]);
  const bytesOf = ends.family === 4 ? bytesOfV4 : bytesOfV6;
  const addresses = Buffer.concat([bytesOf(ends.source), bytesOf(ends.destination), Buffer.alloc(4)]);
  addresses.writeUInt16BE(ends.sourcePort, addresses.length - 4);
  addresses.writeUInt16BE(ends.destinationPort, addresses.length - 2);
  const head = [PROXY_V2, ends.family === 4 ? STREAM_V4 : STREAM_V6, 0, addresses.length];
  return Buffer.concat([SIGNATURE_V2, Buffer.from(head), addresses]);
}

function bytesOfV4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

/** RFC 4291 §2.2: eight groups, `::` for those that are 0, perhaps an IPv4 address at the end. */
function bytesOfV6(address: string): Buffer {
  const plain = address.replace(/%.*$/, '').replace(/[\d.]+\.[\d.]+$/, (v4) => {
    const bytes = bytesOfV4(v4);
    return `${bytes.readUInt16BE(0).toString(16)}:${bytes.readUInt16BE(2).toString(16)}`;
  });
  const [left = '', right] = plain.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  const bytes = Buffer.alloc(16);
  [...head, ...zeros, ...tail].forEach((group, i) => bytes.writeUInt16BE(Number.parseInt(group, 16), i * 2));
  return bytes;
}
