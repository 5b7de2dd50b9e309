import { fnv1a, mix, mixBoth } from '../hash.ts';
import type { Member } from '../peer.ts';
import type { Strategy } from './strategy.ts';

/** Peers of one group, and groups of one group above: a choice among so many draws is about a microsecond. */
const GROUP_SIZE = 64;

/** What takes part in a draw: a peer, or a group of them with the sum of their weights. */
interface Contender {
  readonly hash: number;
  readonly weight: number;
}

interface Group extends Contender {
  readonly contenders: readonly (Group | Leaf)[];
  usable: number;
}

interface Leaf extends Contender {
  readonly member: Member;
}

/**
 * Rendezvous hashing (Thaler and Ravishankar 1998), weighted (Schindelhauer and Schomaker 2005): every contender
 * draws a lot from its name and the key, the best lot wins. Up to 64 peers are one group: when one leaves, its keys
 * move and no others. More stand in groups of 64 that contend first (Wang and Ravishankar's skeleton), so that a
 * choice costs O(64 · log₆₄ n); about one more of the keys moves for each level then.
 */
export class Rendezvous implements Strategy {
  /** A peer keeps its seat as long as it stays. */
  readonly #seats: (Member | undefined)[] = [];
  readonly #groupsOf: Group[][] = [];
  #root: Group | undefined;

  reset(members: readonly Member[]): void {
    this.#seat(members);
    this.#groupsOf.length = 0;
    const leaves = this.#seats.map((member) => member && leafOf(member));
    this.#root = this.#build(leaves);
  }

  add(member: Member): void {
    for (const group of this.#groupsOf[member.index] ?? []) group.usable++;
  }

  remove(member: Member): void {
    for (const group of this.#groupsOf[member.index] ?? []) group.usable--;
  }

  update(): void {}

  pick(key: string): Member | undefined {
    return this.#root && choose(this.#root, mix(fnv1a(key)));
  }

  #seat(members: readonly Member[]): void {
    const staying = new Set(members);
    for (const [seat, member] of this.#seats.entries()) {
      if (member !== undefined && !staying.delete(member)) this.#seats[seat] = undefined;
    }
    let seat = 0;
    for (const member of staying) {
      while (this.#seats[seat] !== undefined) seat++;
      this.#seats[seat] = member;
    }
    while (this.#seats.length > 0 && this.#seats.at(-1) === undefined) this.#seats.pop();
  }

  #build(seats: readonly (Group | Leaf | undefined)[], level = 0): Group {
    const groups: (Group | undefined)[] = [];
    for (let start = 0; start < Math.max(seats.length, 1); start += GROUP_SIZE) {
      const contenders = seats.slice(start, start + GROUP_SIZE).filter((seat) => seat !== undefined);
      const weight = contenders.reduce((sum, contender) => sum + contender.weight, 0);
      const group: Group = { hash: mixBoth(level + 1, start), weight, contenders, usable: 0 };
      for (const member of contenders.flatMap(membersOf)) (this.#groupsOf[member.index] ??= []).push(group);
      groups.push(contenders.length === 0 && seats.length > 0 ? undefined : group);
    }
    return groups.length === 1 ? (groups[0] as Group) : this.#build(groups, level + 1);
  }
}

function leafOf(member: Member): Leaf {
  return { hash: fnv1a(member.id), weight: member.weight, member };
}

function membersOf(contender: Group | Leaf): Member[] {
  return 'member' in contender ? [contender.member] : contender.contenders.flatMap(membersOf);
}

function choose(group: Group, key: number): Member | undefined {
  let best: Group | Leaf | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const contender of group.contenders) {
    if (!('member' in contender ? contender.member.usable : contender.usable > 0)) continue;
    const lot = (mixBoth(contender.hash, key) + 0.5) / 2 ** 32;
    const score = -contender.weight / Math.log(lot);
    if (score > bestScore) {
      best = contender;
      bestScore = score;
    }
  }
  if (best === undefined) return undefined;
  return 'member' in best ? best.member : choose(best, key);
}
