import type { Peer } from './peer.ts';
import { roundRobin } from './round-robin.ts';

/** The peer with the fewest requests under way for its weight; among equals, round robin. */
export function leastConnections(usable: readonly Peer[]): Peer | undefined {
  let least = Number.POSITIVE_INFINITY;
  for (const peer of usable) least = Math.min(least, peer.active / peer.weight);
  return roundRobin(usable.filter((peer) => peer.active / peer.weight === least));
}
