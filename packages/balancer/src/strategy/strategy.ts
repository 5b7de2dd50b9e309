import type { Member } from '../peer.ts';

/**
 * A way to choose. It is told which peers there are and which of them can be chosen, and keeps whatever index makes
 * its choice quick; it holds no clock and no chance of its own.
 */
export interface Strategy {
  /** Takes the peers of the group, usable or not, when the list has changed. The usable ones are added after it. */
  reset(members: readonly Member[]): void;
  /** The peer can be chosen from now on. */
  add(member: Member): void;
  /** It cannot any more. */
  remove(member: Member): void;
  /** Its requests under way, its share or its effective weight have changed. */
  update(member: Member): void;
  /** Chooses; called only while at least one peer is usable. */
  pick(key: string, now: number): Member | undefined;
}

/** Numbers from 0 up to, but without, 1. */
export type Random = () => number;
