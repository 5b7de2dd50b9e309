import { BlockList, isIP, isIPv4 } from 'node:net';
import { EnvironOptionError } from './errors.ts';

/** Says whether an address is one of those that were listed. A Unix socket's peer has the address ''. */
export type AddressTest = (address: string) => boolean;

/** Addresses whose verdict is remembered: a proxy in front has a few, a scan has many. */
const MAX_REMEMBERED = 1024;

/**
 * Compiles addresses and networks: `127.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`; `*` is every peer, `unix` those
 * that come over a Unix socket. An IPv4 address that came over an IPv6 socket (`::ffff:…`) is an IPv4 address.
 * @throws EnvironOptionError that names the entry that is none.
 */
export function compileAddresses(entries: readonly string[]): AddressTest {
  if (entries.includes('*')) return () => true;
  const unix = entries.includes('unix');
  const list = new BlockList();
  for (const entry of entries) {
    if (entry !== 'unix') addEntry(list, entry);
  }
  const remembered = new Map<string, boolean>();
  return (address) => {
    if (address === '') return unix;
    let verdict = remembered.get(address);
    if (verdict === undefined) {
      verdict = isListed(list, plainAddress(address));
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      remembered.set(address, verdict);
    }
    return verdict;
  };
}

/** An address as people write it: without IPv6's prefix for IPv4, without a zone. */
export function plainAddress(address: string): string {
  const plain = address.replace(/%.*$/, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1];
  return mapped ?? plain;
}

function addEntry(list: BlockList, entry: string): void {
  const [address = '', prefix, ...rest] = entry.split('/');
  const family = isIP(address);
  const most = family === 4 ? 32 : 128;
  const length = prefix === undefined ? most : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  if (family === 0 || rest.length > 0 || !(length <= most)) {
    throw new EnvironOptionError(
      `'${entry}' is no address or network; write 192.0.2.1, 10.0.0.0/8, 2001:db8::/32 or *`,
    );
  }
  list.addSubnet(address, length, family === 4 ? 'ipv4' : 'ipv6');
}

function isListed(list: BlockList, address: string): boolean {
  return isIP(address) !== 0 && list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}
