import { BalancerConfigError } from './errors.ts';
import { Group } from './group.ts';
import { hasFailed, isOut } from './health/failures.ts';
import { ejectionMs, mostEjected } from './health/outliers.ts';
import { warmUp } from './health/slow-start.ts';
import { IndexedHeap } from './heap.ts';
import type { ResolvedOptions } from './options.ts';
import { Member, type PeerOptions, resolvePeers } from './peer.ts';

const NEVER = Number.NEGATIVE_INFINITY;

/**
 * Who there is, and who of them can be chosen. What changes with time alone (a failure forgotten, an ejection over,
 * a weight grown) stands in a heap by its time and is done at the next choice: no timer, and no walk over all.
 */
export class Roster {
  readonly primary: Group;
  readonly backup: Group;
  readonly #options: ResolvedOptions;
  #members: ReadonlyMap<string, Member> = new Map();
  /** Removed while they had requests under way: should they come back before these end, they count on. */
  readonly #leaving = new Map<string, Member>();
  readonly #byIndex: (Member | undefined)[] = [];
  readonly #freeIndexes: number[] = [];
  readonly #wakes = new IndexedHeap((a, b) => this.#wakeOf(a) < this.#wakeOf(b));
  #panic = false;
  #started = false;

  constructor(options: ResolvedOptions) {
    this.#options = options;
    this.primary = new Group(options.makeStrategy());
    this.backup = new Group(options.makeStrategy());
  }

  get size(): number {
    return this.#members.size;
  }

  /** When something changes by itself next; Infinity when nothing will. */
  get wakesAt(): number {
    const next = this.#wakes.peek();
    return next === undefined ? Number.POSITIVE_INFINITY : this.#wakeOf(next);
  }

  all(): readonly Member[] {
    return [...this.#members.values()];
  }

  find(id: string): Member | undefined {
    return this.#members.get(id);
  }

  /** @throws BalancerConfigError UNKNOWN_PEER */
  get(id: string): Member {
    const member = this.#members.get(id);
    if (member === undefined) throw new BalancerConfigError('UNKNOWN_PEER', `there is no peer '${id}'`);
    return member;
  }

  groupOf(member: Member): Group {
    return member.backup ? this.backup : this.primary;
  }

  /** @throws BalancerConfigError, and then nothing has changed. */
  setPeers(peers: readonly PeerOptions[], now: number): void {
    const resolved = resolvePeers(peers);
    this.primary.clear();
    this.backup.clear();
    const staying = new Set(resolved.map(({ id }) => id));
    for (const member of this.#members.values()) if (!staying.has(member.id)) this.#leave(member);
    const joined = resolved.map((options, order) =>
      Object.assign(this.#join(options.id, now), options, { order }),
    );
    this.#members = new Map(joined.map((member) => [member.id, member]));
    this.primary.reset(joined.filter(({ backup }) => !backup));
    this.backup.reset(joined.filter(({ backup }) => backup));
    this.#started = true;
    this.#settleAll(now);
  }

  /** Does what is due. */
  wake(now: number): void {
    while (this.wakesAt <= now) {
      const member = this.#byIndex[this.#wakes.peek() as number] as Member;
      const isBack = member.ejectedUntil !== NEVER && member.ejectedUntil <= now;
      if (isBack) {
        member.ejectedUntil = NEVER;
        member.warmFrom = now;
        this.#healthChanged(now);
      }
      this.settle(member, now);
    }
  }

  /** Looks whether a peer can be chosen, and when to look again. */
  settle(member: Member, now: number): void {
    if (this.#members.get(member.id) !== member) return;
    const { slowStartMs, failures } = this.#options;
    const warmAt = warmUp(member, slowStartMs, now);
    const isFailed = isOut(member, failures, now);
    const backAt = member.ejectedUntil === NEVER ? Number.POSITIVE_INFINITY : member.ejectedUntil;
    member.wakeAt = Math.min(warmAt, backAt, isFailed ? member.outUntil : Number.POSITIVE_INFINITY);
    if (member.wakeAt === Number.POSITIVE_INFINITY) this.#wakes.delete(member.index);
    else this.#wakes.set(member.index);
    this.groupOf(member).settle(member, !member.draining && this.canServe(member, now));
  }

  /** Whether a peer could take a request, if it were only for its own sessions. */
  canServe(member: Member, now: number): boolean {
    if (member.active >= member.maxConnections) return false;
    if (!this.#panic && (member.down || member.ejectedUntil > now)) return false;
    // To leave out the only peer there is would help nobody (nginx does the same).
    return this.size === 1 || !isOut(member, this.#options.failures, now);
  }

  setDown(member: Member, down: boolean, now: number): void {
    if (member.down === down) return;
    member.down = down;
    if (!down) Object.assign(member, { warmFrom: now, fails: 0 });
    this.#healthChanged(now);
    this.settle(member, now);
  }

  /** Puts an outlier out, unless too many are out already. */
  eject(member: Member, now: number): void {
    const { outliers } = this.#options;
    const ejected = this.primary.members.filter(({ ejectedUntil }) => ejectedUntil > now).length;
    const count = this.primary.members.length;
    if (outliers === undefined || count < 2 || ejected >= mostEjected(outliers, count)) return;
    member.ejectedUntil = now + ejectionMs(outliers, member.ejections++);
    member.consecutiveFails = 0;
    this.#healthChanged(now);
    this.settle(member, now);
  }

  /** A peer that was out is back: it begins with a clean record, and slowly. */
  recover(member: Member, now: number): void {
    if (hasFailed(member, this.#options.failures)) member.warmFrom = now;
    member.fails = 0;
  }

  /** A request to a peer that was removed has ended. */
  forget(member: Member): void {
    if (member.active === 0 && this.#leaving.delete(member.id)) this.#free(member);
  }

  /**
   * When most are down it is likelier that the checks are wrong, and the rest would break under the load: then
   * checks and ejections count for nothing (Envoy's panic mode). Not while a backup stands by.
   */
  #healthChanged(now: number): void {
    const isHealthy = ({ down, ejectedUntil }: Member): boolean => !down && !(ejectedUntil > now);
    const counted = this.primary.members.filter(({ draining }) => !draining);
    const healthy = counted.filter(isHealthy).length;
    const few = counted.length > 0 && healthy < counted.length * this.#options.panicThreshold;
    const panic = few && !this.backup.members.some(isHealthy);
    if (panic === this.#panic) return;
    this.#panic = panic;
    for (const member of this.#members.values()) this.settle(member, now);
  }

  #settleAll(now: number): void {
    this.#healthChanged(now);
    for (const member of this.#members.values()) this.settle(member, now);
  }

  #join(id: string, now: number): Member {
    const known = this.#members.get(id) ?? this.#leaving.get(id);
    if (known !== undefined) {
      this.#leaving.delete(id);
      return known;
    }
    const index = this.#freeIndexes.pop() ?? this.#byIndex.length;
    const member = new Member(id, index);
    if (this.#started) member.warmFrom = now;
    this.#byIndex[index] = member;
    return member;
  }

  #leave(member: Member): void {
    this.#wakes.delete(member.index);
    if (member.active > 0) this.#leaving.set(member.id, member);
    else this.#free(member);
  }

  #free(member: Member): void {
    this.#byIndex[member.index] = undefined;
    this.#freeIndexes.push(member.index);
  }

  #wakeOf(index: number): number {
    return (this.#byIndex[index] as Member).wakeAt;
  }
}
