import { isIPv4, isIPv6 } from 'node:net';

/** The bytes of an IP address: 4, or 16. */
export type AddressBytes = Uint8Array;

/** A range of addresses. */
export interface Network {
  readonly bytes: AddressBytes;
  readonly prefixBits: number;
}

/** The first twelve bytes of an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2). */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];
export const MAPPED_BITS = 96;

/**
 * The bytes of an IP address in its usual form; undefined for anything else, a zone (`%eth0`) included.
 * An IPv4-mapped IPv6 address is the IPv4 address that it stands for: what is said of one holds for both.
 */
export function parseAddress(text: string): AddressBytes | undefined {
  if (isIPv4(text)) return ipv4Bytes(text);
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const bytes = ipv6Bytes(text);
  return MAPPED.every((byte, i) => bytes[i] === byte) ? bytes.subarray(12) : bytes;
}

/** Whether a network has an address in it. */
export function contains(network: Network, address: AddressBytes): boolean {
  if (network.bytes.length !== address.length) return false;
  for (let i = 0; i * 8 < network.prefixBits; i++) {
    const bits = Math.min(8, network.prefixBits - i * 8);
    const mask = (0xff << (8 - bits)) & 0xff;
    if (((network.bytes[i] as number) ^ (address[i] as number)) & mask) return false;
  }
  return true;
}

/** Reads `10.0.0.0/8`, `2001:db8::/32` or a single address; undefined when it is none, or bits are set behind the prefix. */
export function parseNetwork(text: string): Network | undefined {
  const [, address = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bytes = parseAddress(address);
  if (bytes === undefined) return undefined;
  const mapped = bytes.length === 4 && address.includes(':');
  const length = bytes.length * 8;
  const prefixBits = prefix === undefined ? length : Number(prefix) - (mapped ? MAPPED_BITS : 0);
  if (!(prefixBits >= 0 && prefixBits <= length)) return undefined;
  const network = { bytes, prefixBits };
  return hasHostBits(network) ? undefined : network;
}

function hasHostBits({ bytes, prefixBits }: Network): boolean {
  return bytes.some((byte, i) => {
    const free = Math.min(8, Math.max(0, (i + 1) * 8 - prefixBits));
    return (byte & ((1 << free) - 1)) !== 0;
  });
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
