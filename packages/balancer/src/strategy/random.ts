import type { Member } from '../peer.ts';
import type { Random, Strategy } from './strategy.ts';

/**
 * A peer by lot, each by its weight. The sums of the weights stand in a Fenwick tree (Fenwick 1994): O(log n) to
 * draw and to change one.
 */
export class RandomChoice implements Strategy {
  readonly #random: Random;
  #members: (Member | undefined)[] = [];
  #weights: number[] = [];
  #sums: number[] = [0];

  constructor(random: Random) {
    this.#random = random;
  }

  reset(members: readonly Member[]): void {
    const size = members.reduce((most, { index }) => Math.max(most, index + 1), 1);
    const capacity = 2 ** Math.ceil(Math.log2(size));
    this.#members = Array.from({ length: capacity });
    for (const member of members) this.#members[member.index] = member;
    this.#weights = Array.from({ length: capacity }, () => 0);
    this.#sums = Array.from({ length: capacity + 1 }, () => 0);
  }

  add(member: Member): void {
    this.#set(member.index, member.share);
  }

  remove(member: Member): void {
    this.#set(member.index, 0);
  }

  update(member: Member): void {
    const weight = this.#weights[member.index] as number;
    if (weight !== 0 && weight !== member.share) this.#set(member.index, member.share);
  }

  pick(): Member | undefined {
    const sums = this.#sums;
    const capacity = this.#weights.length;
    let rest = this.#random() * (sums[capacity] as number);
    let place = 0;
    for (let step = capacity / 2; step >= 1; step /= 2) {
      const sum = sums[place + step] as number;
      if (sum <= rest) {
        rest -= sum;
        place += step;
      }
    }
    // Sums of fractions may be off by the last bit, and then end on a peer that is out.
    return (this.#weights[place] as number) > 0 ? this.#members[place] : this.#firstUsable();
  }

  #firstUsable(): Member | undefined {
    return this.#members[this.#weights.findIndex((weight) => weight > 0)];
  }

  #set(index: number, weight: number): void {
    const difference = weight - (this.#weights[index] as number);
    this.#weights[index] = weight;
    for (let place = index + 1; place < this.#sums.length; place += place & -place) {
      this.#sums[place] = (this.#sums[place] as number) + difference;
    }
  }
}
