import { IndexedHeap } from '../heap.ts';
import type { Member } from '../peer.ts';
import type { Strategy } from './strategy.ts';

/** Peers of one weight gain the same at each step: their balances are kept relative to one sum. */
interface WeightClass {
  readonly weight: number;
  gained: number;
  readonly heap: IndexedHeap;
}

/** Beyond this a class brings its balances back to small numbers, where doubles are exact. */
const REBASE_AT = 2 ** 44;

/**
 * Smooth weighted round robin, the choices of nginx's `ngx_http_upstream_get_peer`: every usable peer gains its
 * effective weight, the one with the largest balance is chosen and pays the sum of all; 5, 1, 1 give a a b a c a a.
 * nginx walks over all peers each time. Here those of one weight share a heap, so a step costs O(log n) and one
 * addition for each weight that differs; only peers whose weight failures have lowered are walked over.
 */
export class RoundRobin implements Strategy {
  readonly #classes: WeightClass[] = [];
  /** Those whose effective weight is still below their share. */
  readonly #recovering: Member[] = [];
  readonly #members: (Member | undefined)[] = [];
  readonly #classOf: (WeightClass | undefined)[] = [];
  /** A peer's balance; in a class, less what the class has gained. */
  readonly #balance: number[] = [];
  #total = 0;

  reset(members: readonly Member[]): void {
    for (const member of members) {
      // A number may have belonged to a peer that is gone.
      if (this.#members[member.index] !== member) this.#balance[member.index] = 0;
      this.#members[member.index] = member;
    }
  }

  add(member: Member): void {
    this.#place(member);
  }

  remove(member: Member): void {
    const { index } = member;
    const own = this.#classOf[index];
    if (own !== undefined) {
      this.#balance[index] = (this.#balance[index] ?? 0) + own.gained;
      own.heap.delete(index);
      this.#classOf[index] = undefined;
      this.#total -= own.weight;
      if (own.heap.size === 0) this.#classes.splice(this.#classes.indexOf(own), 1);
    }
    const place = this.#recovering.indexOf(member);
    if (place !== -1) this.#recovering.splice(place, 1);
  }

  update(member: Member): void {
    const own = this.#classOf[member.index];
    if (own === undefined ? !this.#recovering.includes(member) : own.weight === member.effectiveWeight)
      return;
    this.remove(member);
    this.#place(member);
  }

  pick(): Member | undefined {
    let best: Member | undefined;
    let bestBalance = Number.NEGATIVE_INFINITY;
    let total = this.#total;
    for (const weightClass of this.#classes) {
      weightClass.gained += weightClass.weight;
      const first = this.#members[weightClass.heap.peek() as number] as Member;
      const balance = (this.#balance[first.index] as number) + weightClass.gained;
      if (
        best === undefined ||
        balance > bestBalance ||
        (balance === bestBalance && first.order < best.order)
      ) {
        best = first;
        bestBalance = balance;
      }
    }
    for (const member of this.#recovering) {
      const balance = (this.#balance[member.index] as number) + member.effectiveWeight;
      this.#balance[member.index] = balance;
      total += member.effectiveWeight;
      if (
        best === undefined ||
        balance > bestBalance ||
        (balance === bestBalance && member.order < best.order)
      ) {
        best = member;
        bestBalance = balance;
      }
    }
    if (best !== undefined) this.#pay(best, total);
    if (this.#recovering.length > 0) this.#recover();
    return best;
  }

  #pay(member: Member, total: number): void {
    this.#balance[member.index] = (this.#balance[member.index] as number) - total;
    const own = this.#classOf[member.index];
    own?.heap.set(member.index);
    if (own !== undefined && own.gained > REBASE_AT) this.#rebase(own);
  }

  /** At each step a peer that failed gets one of its weight back. */
  #recover(): void {
    for (const member of this.#recovering.slice()) {
      member.effectiveWeight = Math.min(member.share, member.effectiveWeight + 1);
      if (member.effectiveWeight === member.share) this.update(member);
    }
  }

  #place(member: Member): void {
    const { index } = member;
    if (member.effectiveWeight < member.share) {
      this.#recovering.push(member);
      return;
    }
    const own = this.#classFor(member.share);
    this.#balance[index] = (this.#balance[index] as number) - own.gained;
    this.#classOf[index] = own;
    this.#total += own.weight;
    own.heap.set(index);
  }

  #classFor(weight: number): WeightClass {
    let own = this.#classes.find((weightClass) => weightClass.weight === weight);
    if (own === undefined) {
      own = { weight, gained: 0, heap: new IndexedHeap((a, b) => this.#ahead(a, b)) };
      this.#classes.push(own);
    }
    return own;
  }

  #ahead(a: number, b: number): boolean {
    const difference = (this.#balance[a] as number) - (this.#balance[b] as number);
    if (difference !== 0) return difference > 0;
    return (this.#members[a] as Member).order < (this.#members[b] as Member).order;
  }

  #rebase(own: WeightClass): void {
    for (let index = 0; index < this.#classOf.length; index++) {
      if (this.#classOf[index] === own) this.#balance[index] = (this.#balance[index] as number) + own.gained;
    }
    own.gained = 0;
  }
}
