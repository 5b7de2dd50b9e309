import { type AddressBytes, parseAddress } from './address.ts';

/** A range of addresses. */
export interface Network {
  readonly bytes: AddressBytes;
  readonly prefixBits: number;
}

/** Bits of an IPv4-mapped IPv6 address that stand before the IPv4 address (RFC 4291 §2.5.5.2). */
const MAPPED_BITS = 96;

/** Whether a network has an address in it. */
export function contains(network: Network, address: AddressBytes): boolean {
  if (network.bytes.length !== address.length) return false;
  for (let i = 0; i * 8 < network.prefixBits; i++) {
    const differing = (network.bytes[i] as number) ^ (address[i] as number);
    if (differing & mask(network.prefixBits - i * 8)) return false;
  }
  return true;
}

/** Reads `10.0.0.0/8`, `2001:db8::/32` or a single address (RFC 4632 §3.1); undefined when it is none. */
export function parseNetwork(text: string): Network | undefined {
  const [, address = '', prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bytes = parseAddress(address);
  if (bytes === undefined) return undefined;
  const mapped = bytes.length === 4 && address.includes(':');
  const length = bytes.length * 8;
  const prefixBits = prefix === undefined ? length : Number(prefix) - (mapped ? MAPPED_BITS : 0);
  if (!(prefixBits >= 0 && prefixBits <= length)) return undefined;
  return { bytes, prefixBits };
}

/** Whether bits are set behind the prefix, as in `10.0.0.1/8`: whoever wrote that may have meant something else. */
export function hasHostBits({ bytes, prefixBits }: Network): boolean {
  return bytes.some((byte, i) => (byte & ~mask(prefixBits - i * 8)) !== 0);
}

/**
 * The network of an address, as a key: `203.0.113.0/24`, `2001:db8:0:1:0:0:0:0/64`; each has one text only.
 * @param prefixBits - how many bits of the address count.
 */
export function networkKey(address: AddressBytes, prefixBits: number): string {
  const bytes = address.map((byte, i) => byte & mask(prefixBits - 8 * i));
  if (bytes.length === 4) return `${bytes.join('.')}/${prefixBits}`;
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number)).toString(16),
  );
  return `${groups.join(':')}/${prefixBits}`;
}

/** A byte with its first bits set. */
function mask(bits: number): number {
  return (0xff << (8 - Math.min(8, Math.max(0, bits)))) & 0xff;
}
