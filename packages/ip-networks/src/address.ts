import { isIPv4, isIPv6 } from 'node:net';

/** The bytes of an IP address: 4, or 16. */
export type AddressBytes = Uint8Array;

/** The first twelve bytes of an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2). */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/**
 * The bytes of an IP address in its usual form (RFC 4291 §2.2; dotted decimal without leading zeros); undefined for
 * anything else, a zone (`%eth0`) included. An IPv4-mapped IPv6 address is the IPv4 address that it stands for: what is
 * said of one holds for both.
 */
export function parseAddress(text: string): AddressBytes | undefined {
  if (isIPv4(text)) return ipv4Bytes(text);
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const bytes = ipv6Bytes(text);
  return MAPPED.every((byte, i) => bytes[i] === byte) ? bytes.subarray(12) : bytes;
}

function ipv4Bytes(text: string): AddressBytes {
  return Uint8Array.from(text.split('.'), Number);
}

function ipv6Bytes(text: string): AddressBytes {
  const [front = '', back] = text.split('::');
  const head = words(front);
  const tail = words(back ?? '');
  const all = [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  return Uint8Array.from(all.flatMap((word) => [word >> 8, word & 0xff]));
}

/** The 16-bit words of a part of an IPv6 address; a dotted end is two of them. */
function words(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (!part.includes('.')) return [Number.parseInt(part, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = ipv4Bytes(part);
    return [(a << 8) | b, (c << 8) | d];
  });
}

/** An address as people write it: without IPv6's prefix for IPv4, without a zone (`%eth0`). */
export function plainAddress(address: string): string {
  if (!address.includes(':')) return address;
  const plain = address.replace(/%.*$/, '');
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1] ?? plain;
}
