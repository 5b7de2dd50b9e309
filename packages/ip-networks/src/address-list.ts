import { parseAddress, plainAddress } from './address.ts';
import { contains, type Network } from './network.ts';

/** Says whether an address is one of those that were listed. */
export type AddressTest = (address: string) => boolean;

/** Addresses whose verdict is remembered: a proxy in front has a few, a scan has many. */
const MAX_REMEMBERED = 1024;

/**
 * Whether an address is in one of these networks. An IPv4 address that came over an IPv6 socket (`::ffff:…`) is an
 * IPv4 address; a zone (`%eth0`) does not count; what is no address is in none.
 */
export function addressTest(networks: readonly Network[]): AddressTest {
  if (networks.length === 0) return () => false;
  const remembered = new Map<string, boolean>();
  return (address) => {
    const known = remembered.get(address);
    if (known !== undefined) return known;
    const bytes = parseAddress(plainAddress(address));
    const verdict = bytes !== undefined && networks.some((network) => contains(network, bytes));
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    remembered.set(address, verdict);
    return verdict;
  };
}
