import type { Peer } from './peer.ts';

/**
 * The same key gets the same peer, by rendezvous hashing (Thaler and Ravishankar, 1998), weighted (Schindelhauer
 * and Schomaker, 2005): each peer draws a lot from its name and the key, the best lot wins. When a peer leaves, only
 * its own keys move.
 */
export function ipHash(usable: readonly Peer[], key: string): Peer | undefined {
  let best: Peer | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  const seed = fnv1a(OFFSET_BASIS, key);
  for (const peer of usable) {
    const lot = (mix(fnv1a(seed, peer.id)) + 0.5) / 2 ** 32;
    const score = -peer.weight / Math.log(lot);
    if (score > bestScore) {
      best = peer;
      bestScore = score;
    }
  }
  return best;
}

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** FNV-1a, 32 bits (draft-eastlake-fnv). */
function fnv1a(seed: number, text: string): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  return hash;
}

/** The finaliser of MurmurHash3: FNV alone leaves keys that differ in their last byte too close together. */
function mix(value: number): number {
  let hash = value ^ (value >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
