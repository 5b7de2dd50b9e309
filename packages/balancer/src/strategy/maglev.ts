import { fnv1a, mix, mixBoth } from '../hash.ts';
import { IndexedHeap } from '../heap.ts';
import type { Member } from '../peer.ts';
import type { Strategy } from './strategy.ts';

/** Primes: the small table of Google's paper and its large one (§3.4 and §5.3, Eisenbud et al. 2016). */
const TABLE_SIZES = [65_537, 655_373] as const;

/** The paper's advice: a hundred slots a peer keep the shares within a percent of each other. */
const SLOTS_PER_PEER = 100;

/** Slots looked at for a key whose peer cannot be chosen, before all are. */
const MOST_PROBES = 64;

/** The smallest table with a hundred slots a peer, or the largest there is. */
export function maglevSize(peers: number): number {
  return TABLE_SIZES.find((size) => size >= peers * SLOTS_PER_PEER) ?? TABLE_SIZES[1];
}

/**
 * Fills Maglev's table: each peer has its own order of the slots, `offset + i·skip`, and they claim their next free
 * one in turn; one of less weight sits turns out. The order of the list does not matter.
 * @param size - a prime.
 * @returns for each slot the place of its peer in the list.
 */
export function maglevTable(
  peers: readonly { readonly id: string; readonly weight: number }[],
  size: number,
): Uint32Array {
  const names = peers.map(({ id }, place) => ({ id, place }));
  const order = names.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(({ place }) => place);
  const table = new Uint32Array(size).fill(FREE);
  const slots = peers.map(({ id }) => mix(fnv1a(id)) % size);
  const skips = peers.map(({ id }) => (mix(fnv1a(id, fnv1a(id))) % (size - 1)) + 1);
  const claims = turns(order.map((place) => (peers[place] as { weight: number }).weight));
  for (let filled = 0; filled < size && peers.length > 0; filled++) {
    const place = order[claims()] as number;
    let slot = slots[place] as number;
    while (table[slot] !== FREE) slot = (slot + (skips[place] as number)) % size;
    slots[place] = slot;
    table[slot] = place;
  }
  return table;
}

/** Beyond this many times the mean weight, going round would mostly meet peers that sit their turn out. */
const HEAVY = 8;

/** Whose turn it is. Where weights are of one size, round and round, and light ones sit turns out (as Envoy does it). */
function turns(weights: readonly number[]): () => number {
  const heaviest = weights.reduce((most, weight) => Math.max(most, weight), 0);
  const sum = weights.reduce((sum, weight) => sum + weight, 0);
  if (heaviest * weights.length > sum * HEAVY) return dueTurns(weights);
  const credits = weights.map(() => 0);
  let last = -1;
  return () => {
    for (;;) {
      last = (last + 1) % weights.length;
      const credit = (credits[last] as number) + (weights[last] as number) / heaviest;
      credits[last] = credit >= 1 ? credit - 1 : credit;
      if (credit >= 1) return last;
    }
  };
}

/** Otherwise whoever is due first. */
function dueTurns(weights: readonly number[]): () => number {
  const due = weights.map((weight) => 1 / weight);
  const heap = new IndexedHeap((a, b) =>
    due[a] === due[b] ? a < b : (due[a] as number) < (due[b] as number),
  );
  for (let i = 0; i < weights.length; i++) heap.set(i);
  return () => {
    const first = heap.peek() as number;
    due[first] = (due[first] as number) + 1 / (weights[first] as number);
    heap.set(first);
    return first;
  };
}

const FREE = 0xffffffff;

/** Maglev: one look into a table, O(1). A key whose peer cannot be chosen tries other slots, always the same ones. */
export class Maglev implements Strategy {
  #members: readonly Member[] = [];
  #table: Uint32Array = new Uint32Array(0);

  reset(members: readonly Member[]): void {
    this.#members = members;
    this.#table = maglevTable(members, maglevSize(members.length));
  }

  add(): void {}
  remove(): void {}
  update(): void {}

  pick(key: string): Member | undefined {
    const hash = mix(fnv1a(key));
    const { length } = this.#table;
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const slot = (probe === 0 ? hash : mixBoth(hash, probe)) % length;
      const member = this.#members[this.#table[slot] as number] as Member;
      if (member.usable) return member;
    }
    return this.#anyFrom(hash);
  }

  /** Nearly all are out: the next in the list that is not. */
  #anyFrom(start: number): Member | undefined {
    const { length } = this.#members;
    for (let step = 0; step < length; step++) {
      const member = this.#members[(start + step) % length] as Member;
      if (member.usable) return member;
    }
    return undefined;
  }
}
