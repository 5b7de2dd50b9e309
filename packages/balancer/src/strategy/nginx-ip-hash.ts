import { parseAddress } from '../address.ts';
import type { Member } from '../peer.ts';
import type { Strategy } from './strategy.ts';

/** nginx's numbers: the start, the factor, the modulus, and the choices before it gives up. */
const START = 89;
const FACTOR = 113;
const MODULUS = 6271;
const MOST_TRIES = 20;

/** What nginx hashes of a client without an address, such as one on a Unix socket. */
const NO_ADDRESS: Uint8Array = Uint8Array.of(0, 0, 0);

/**
 * nginx's `ip_hash`: the first three bytes of an IPv4 address (its /24), all sixteen of an IPv6 address, and the
 * weights one after the other. The same peer as nginx chooses with the same list; where nginx falls back to round
 * robin after twenty peers that cannot be chosen, this takes the next that can.
 */
export class NginxIpHash implements Strategy {
  #members: readonly Member[] = [];
  /** Up to which point each peer's weight reaches. */
  #ends: number[] = [];

  reset(members: readonly Member[]): void {
    let sum = 0;
    this.#members = members;
    this.#ends = members.map(({ weight }) => (sum += weight));
  }

  add(): void {}
  remove(): void {}
  update(): void {}

  pick(key: string): Member | undefined {
    const bytes = hashedBytes(key);
    const total = this.#ends.at(-1) ?? 0;
    let hash = START;
    let place = 0;
    for (let tries = 0; tries <= MOST_TRIES; tries++) {
      for (const byte of bytes) hash = (hash * FACTOR + byte) % MODULUS;
      place = this.#placeOf(hash % total);
      const member = this.#members[place];
      if (member?.usable) return member;
    }
    const { length } = this.#members;
    for (let step = 1; step < length; step++) {
      const member = this.#members[(place + step) % length] as Member;
      if (member.usable) return member;
    }
    return undefined;
  }

  /** The first peer whose weight reaches beyond a point. */
  #placeOf(point: number): number {
    let low = 0;
    let high = this.#ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ends[middle] as number) > point) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function hashedBytes(key: string): Uint8Array {
  const address = parseAddress(key);
  if (address === undefined) return NO_ADDRESS;
  return address.length === 4 ? address.subarray(0, 3) : address;
}
