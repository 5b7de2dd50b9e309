export { type AddressBytes, parseAddress, plainAddress } from './address.ts';
export { addressTest, type AddressTest } from './address-list.ts';
export { contains, hasHostBits, type Network, networkKey, parseNetwork } from './network.ts';
