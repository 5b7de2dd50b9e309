import type { Member } from './peer.ts';
import type { Strategy } from './strategy/strategy.ts';

const NOBODY: ReadonlySet<string> = new Set();

/** Peers among which one strategy chooses: the ones there are, or the backups. */
export class Group {
  readonly #strategy: Strategy;
  #members: readonly Member[] = [];
  #byId: ReadonlyMap<string, Member> = new Map();
  #usable = 0;

  constructor(strategy: Strategy) {
    this.#strategy = strategy;
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  /** Takes another list, of which nobody is usable until `settle` says so. */
  reset(members: readonly Member[]): void {
    this.clear();
    this.#members = members;
    this.#byId = new Map(members.map((member) => [member.id, member]));
    this.#strategy.reset(members);
  }

  /** Makes everybody unusable, before members go to another group. */
  clear(): void {
    for (const member of this.#members) if (member.usable) this.#setUsable(member, false);
  }

  /** Says whether a peer can be chosen, or that something else about it has changed. */
  settle(member: Member, usable: boolean): void {
    if (member.usable !== usable) this.#setUsable(member, usable);
    else if (usable) this.#strategy.update(member);
  }

  /** The requests under way of a usable peer have changed, and nothing else. */
  update(member: Member): void {
    if (member.usable) this.#strategy.update(member);
  }

  pick(key: string, now: number, exclude: ReadonlySet<string> = NOBODY): Member | undefined {
    if (exclude.size > 0) return this.#pickWithout(exclude, key, now);
    return this.#usable === 0 ? undefined : this.#strategy.pick(key, now);
  }

  /** Those tried already step back for one choice: O(log n) for each, and there are few. */
  #pickWithout(exclude: ReadonlySet<string>, key: string, now: number): Member | undefined {
    const withheld: Member[] = [];
    for (const id of exclude) {
      const member = this.#byId.get(id);
      if (member?.usable) withheld.push(member);
    }
    for (const member of withheld) this.#setUsable(member, false);
    const chosen = this.pick(key, now);
    for (const member of withheld) this.#setUsable(member, true);
    return chosen;
  }

  #setUsable(member: Member, usable: boolean): void {
    member.usable = usable;
    this.#usable += usable ? 1 : -1;
    if (usable) this.#strategy.add(member);
    else this.#strategy.remove(member);
  }
}
