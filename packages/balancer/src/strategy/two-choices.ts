import type { Member } from '../peer.ts';
import type { Random, Strategy } from './strategy.ts';

/** What a peer costs now: the smaller is chosen. */
export type Cost = (member: Member, now: number) => number;

/**
 * The power of two choices (Mitzenmacher 2001): two different peers by lot, and the one that costs less. O(1), and
 * many balancers that know the same do not all run to the same peer.
 */
export class TwoChoices implements Strategy {
  readonly #random: Random;
  readonly #cost: Cost;
  readonly #usable: Member[] = [];
  readonly #places: number[] = [];

  constructor(random: Random, cost: Cost = connectionsCost) {
    this.#random = random;
    this.#cost = cost;
  }

  reset(): void {
    this.#usable.length = 0;
  }

  add(member: Member): void {
    this.#places[member.index] = this.#usable.length;
    this.#usable.push(member);
  }

  remove(member: Member): void {
    const last = this.#usable.pop() as Member;
    if (last === member) return;
    const place = this.#places[member.index] as number;
    this.#usable[place] = last;
    this.#places[last.index] = place;
  }

  update(): void {}

  pick(_key: string, now: number): Member | undefined {
    const count = this.#usable.length;
    const i = Math.floor(this.#random() * count);
    const first = this.#usable[i];
    if (count < 2 || first === undefined) return first;
    // From one fewer, stepping over the first: every pair is as likely as any other.
    const j = Math.floor(this.#random() * (count - 1));
    const second = this.#usable[j < i ? j : j + 1] as Member;
    return this.#cost(second, now) < this.#cost(first, now) ? second : first;
  }
}

/** Requests under way, the new one among them, for the weight. */
export function connectionsCost({ active, share }: Member): number {
  return (active + 1) / share;
}
