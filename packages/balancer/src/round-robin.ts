import type { Peer } from './peer.ts';

/**
 * Smooth weighted round robin, as nginx has it: every usable peer gains its weight, the one with the largest
 * balance is chosen and pays the sum of all. Weights 5, 1, 1 give a a b a c a a: never the heavy one five times in
 * a row. A peer that failed gets its weight back one by one.
 */
export function roundRobin(usable: readonly Peer[]): Peer | undefined {
  let best: Peer | undefined;
  let total = 0;
  for (const peer of usable) {
    peer.currentWeight += peer.effectiveWeight;
    total += peer.effectiveWeight;
    if (peer.effectiveWeight < peer.weight)
      peer.effectiveWeight = Math.min(peer.weight, peer.effectiveWeight + 1);
    if (best === undefined || peer.currentWeight > best.currentWeight) best = peer;
  }
  if (best !== undefined) best.currentWeight -= total;
  return best;
}
