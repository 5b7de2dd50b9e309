import {
  type Balancer,
  type BalancerOptions,
  createBalancer,
  type Peer,
  type PeerOptions,
} from '../src/index.ts';

/** So many peers of weight 1, `p0` first. */
export function ids(count: number): PeerOptions[] {
  return Array.from({ length: count }, (_, i) => ({ id: `p${i}` }));
}

/** mulberry32: the same numbers in every run. */
export function seeded(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A balancer whose clock stands still until it is told otherwise, and whose lots are the same each time. */
export function balancer(options: BalancerOptions): Balancer & { wait(ms: number): void } {
  let time = 0;
  const made = createBalancer({ now: () => time, random: seeded(), ...options });
  return Object.assign(made, { wait: (ms: number) => void (time += ms) });
}

/** Picks and gives back at once; returns the names. */
export function picks(from: Balancer, count: number, key?: (i: number) => string): string[] {
  return Array.from({ length: count }, (_, i) => {
    const peer = from.pick({ key: key?.(i) ?? '' }) as Peer;
    from.release(peer, 'ok');
    return peer.id;
  });
}

/** How often each name stands in a list. */
export function count(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** An address for each number. */
export function address(i: number): string {
  return `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
}

/** Picks one peer, whatever the others are. */
export function pickOnly(from: Balancer, id: string): Peer {
  const others = from.peers().filter((peer) => peer.id !== id);
  return from.pick({ exclude: new Set(others.map((peer) => peer.id)) }) as Peer;
}

/** Lets one request to a peer fail. */
export function fail(from: Balancer, id: string): void {
  from.release(pickOnly(from, id), 'failed');
}
