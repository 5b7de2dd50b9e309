import { IndexedHeap } from '../heap.ts';
import type { Member } from '../peer.ts';
import type { Strategy } from './strategy.ts';

/**
 * The peer with the fewest requests under way for its weight, from the top of a heap. Among equals the one whose
 * turns, each as long as one by its weight, have taken the least (stride scheduling, Waldspurger 1995): at low load
 * peers get their share as by round robin.
 */
export class LeastConnections implements Strategy {
  readonly #members: (Member | undefined)[] = [];
  readonly #turn: number[] = [];
  readonly #heap = new IndexedHeap((a, b) => this.#ahead(a, b));
  /** Where the peer stood that was chosen last: one that comes back does not claim the turns it has missed. */
  #clock = 0;

  reset(members: readonly Member[]): void {
    for (const member of members) {
      if (this.#members[member.index] !== member) this.#turn[member.index] = 0;
      this.#members[member.index] = member;
    }
  }

  add(member: Member): void {
    this.#turn[member.index] = Math.max(this.#turn[member.index] as number, this.#clock);
    this.#heap.set(member.index);
  }

  remove(member: Member): void {
    this.#heap.delete(member.index);
  }

  update(member: Member): void {
    if (this.#heap.has(member.index)) this.#heap.set(member.index);
  }

  pick(): Member | undefined {
    const index = this.#heap.peek();
    if (index === undefined) return undefined;
    const member = this.#members[index] as Member;
    this.#clock = this.#turn[index] as number;
    this.#turn[index] = this.#clock + 1 / member.share;
    this.#heap.set(index);
    return member;
  }

  #ahead(a: number, b: number): boolean {
    const first = this.#members[a] as Member;
    const second = this.#members[b] as Member;
    const difference = first.active * second.share - second.active * first.share;
    if (difference !== 0) return difference < 0;
    const turns = (this.#turn[a] as number) - (this.#turn[b] as number);
    return turns === 0 ? first.order < second.order : turns < 0;
  }
}
