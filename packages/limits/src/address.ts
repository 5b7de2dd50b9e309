import net, { BlockList } from 'node:net';
import { LimitsOptionError } from './errors.ts';

/** IPv4 addresses in IPv6 clothes (RFC 4291 §2.5.5.2): one client must not have two keys. */
const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/**
 * The network of an address, as a key: `203.0.113.0/24`, `2001:db8:0:1::/64`. Whoever has an IPv6 address has all
 * of a /64 (RFC 6177), so one address there is no client.
 */
export function addressKey(address: string, ipv4Prefix: number, ipv6Prefix: number): string {
  const plain = MAPPED.exec(address)?.[1] ?? address;
  if (plain.includes(':')) return ipv6Key(plain, ipv6Prefix);
  if (ipv4Prefix === 32 || !net.isIPv4(plain)) return plain;
  const bits = plain.split('.').reduce((number, byte) => number * 256 + Number(byte), 0);
  const size = 2 ** (32 - ipv4Prefix);
  const network = Math.floor(bits / size) * size;
  const bytes = [24, 16, 8, 0].map((shift) => Math.floor(network / 2 ** shift) % 256);
  return `${bytes.join('.')}/${ipv4Prefix}`;
}

function ipv6Key(address: string, prefix: number): string {
  const [bare = ''] = address.split('%', 1);
  if (!net.isIPv6(bare)) return address;
  const groups = groupsOf(bare).map((group, i) => {
    const kept = Math.min(Math.max(prefix - 16 * i, 0), 16);
    return (group & (0xffff << (16 - kept))).toString(16);
  });
  return `${groups.join(':')}/${prefix}`;
}

/** The eight groups of an address (RFC 4291 §2.2). */
function groupsOf(address: string): number[] {
  const [head = '', tail] = address.replace(/\d+\.\d+\.\d+\.\d+$/, dottedAsGroups).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16));
}

function dottedAsGroups(dotted: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split('.').map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

/**
 * Whether an address is in a list of addresses and networks.
 * @throws LimitsOptionError for what is neither.
 */
export function compileAllowList(entries: readonly string[]): (address: string) => boolean {
  if (entries.length === 0) return () => false;
  const list = new BlockList();
  for (const entry of entries) addEntry(list, entry);
  return (address) => {
    const plain = MAPPED.exec(address)?.[1] ?? address;
    const version = net.isIP(plain);
    return version !== 0 && list.check(plain, version === 4 ? 'ipv4' : 'ipv6');
  };
}

function addEntry(list: BlockList, entry: string): void {
  const [address = '', length] = entry.split('/', 2);
  const version = net.isIP(address);
  const bits = version === 4 ? 32 : 128;
  const prefix = length === undefined ? bits : Number(length);
  if (version === 0 || length === '' || !Number.isInteger(prefix) || prefix < 0 || prefix > bits) {
    throw new LimitsOptionError(`'${entry}' is no address and no network: write 10.0.0.0/8 or 2001:db8::/32`);
  }
  list.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6');
}
