import { type AddressBytes, contains, type Network, parseNetwork } from '@highball/ip-networks';

/**
 * Addresses that are not on the public Internet (IANA's special-purpose registries, RFC 6890), or that clouds
 * answer their machines' secrets from.
 */
const SPECIAL: readonly Network[] = [
  '0.0.0.0/8', // this network (RFC 1122); Linux connects 0.0.0.0 to itself
  '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', // private (RFC 1918)
  '100.64.0.0/10', // carrier-grade NAT (RFC 6598); Alibaba's metadata
  '127.0.0.0/8', // loopback
  '169.254.0.0/16', // link-local (RFC 3927); the metadata of AWS, Azure, Google
  '192.0.0.0/24', // IETF protocol assignments (RFC 6890); Oracle's metadata
  '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', // documentation (RFC 5737)
  '192.88.99.0/24', // 6to4 relays (RFC 7526)
  '198.18.0.0/15', // benchmarks (RFC 2544)
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, broadcast
  '168.63.129.16/32', // Azure's host, a public address by its looks
  '2001::/23', // IETF protocol assignments, Teredo (RFC 4380) among them
  '2001:db8::/32', '3fff::/20', // documentation (RFC 3849, RFC 9637)
  '2002::/16', // 6to4 (RFC 3056): an IPv4 address in disguise
].map((text) => parseNetwork(text) as Network); // prettier-ignore

/** All that has been given out as global unicast (RFC 4291 §2.4); whatever is not here is special. */
const GLOBAL_IPV6 = parseNetwork('2000::/3') as Network;
/** NAT64 (RFC 6052): the last four bytes are the IPv4 address that is really meant. */
const NAT64 = parseNetwork('64:ff9b::/96') as Network;

/** Whether an address is private, loopback, link-local, or otherwise not to be reached through a proxy by accident. */
export function isSpecialAddress(address: AddressBytes): boolean {
  if (contains(NAT64, address)) return isSpecialAddress(address.subarray(12));
  if (address.length === 16 && !contains(GLOBAL_IPV6, address)) return true;
  return SPECIAL.some((network) => contains(network, address));
}
