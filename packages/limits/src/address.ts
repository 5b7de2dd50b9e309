import {
  addressTest,
  type AddressTest,
  type Network,
  networkKey,
  parseAddress,
  parseNetwork,
  plainAddress,
} from '@highball/ip-networks';
import { LimitsOptionError } from './errors.ts';

/**
 * The network of an address, as a key: `203.0.113.0/24`, `2001:db8:0:1:0:0:0:0/64`. Whoever has an IPv6 address has
 * all of a /64 (RFC 6177), so one address there is no client. A whole IPv4 address stays as it is.
 */
export function addressKey(address: string, ipv4Prefix: number, ipv6Prefix: number): string {
  const plain = plainAddress(address);
  if (ipv4Prefix === 32 && !plain.includes(':')) return plain;
  const bytes = parseAddress(plain);
  if (bytes === undefined) return address;
  return networkKey(bytes, bytes.length === 4 ? ipv4Prefix : ipv6Prefix);
}

/**
 * Whether an address is in a list of addresses and networks.
 * @throws LimitsOptionError for what is neither.
 */
export function compileAllowList(entries: readonly string[]): AddressTest {
  return addressTest(entries.map(networkOf));
}

function networkOf(entry: string): Network {
  const network = parseNetwork(entry);
  if (network !== undefined) return network;
  throw new LimitsOptionError(`'${entry}' is no address and no network: write 10.0.0.0/8 or 2001:db8::/32`);
}
