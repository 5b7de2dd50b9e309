import { addressTest, type AddressTest, type Network, parseNetwork } from '@highball/ip-networks';
import { EnvironOptionError } from './errors.ts';

/**
 * Compiles addresses and networks: `127.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`; `*` is every peer, `unix` those
 * that come over a Unix socket, whose address is ''. An IPv4 address that came over an IPv6 socket (`::ffff:…`) is an
 * IPv4 address.
 * @throws EnvironOptionError that names the entry that is none.
 */
export function compileAddresses(entries: readonly string[]): AddressTest {
  if (entries.includes('*')) return () => true;
  const unix = entries.includes('unix');
  const isListed = addressTest(entries.filter((entry) => entry !== 'unix').map(networkOf));
  return (address) => (address === '' ? unix : isListed(address));
}

function networkOf(entry: string): Network {
  const network = parseNetwork(entry);
  if (network !== undefined) return network;
  throw new EnvironOptionError(
    `'${entry}' is no address or network; write 192.0.2.1, 10.0.0.0/8, 2001:db8::/32 or *`,
  );
}
