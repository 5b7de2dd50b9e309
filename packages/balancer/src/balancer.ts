import { BalancerConfigError } from './errors.ts';
import type { CircuitState } from './health/circuit.ts';
import { hasFailed, noteFailure, startTrial } from './health/failures.ts';
import { compareRates, noteResult } from './health/outliers.ts';
import type { LoadReport } from './load-report.ts';
import { type BalancerOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { Member, type Peer, type PeerOptions } from './peer.ts';
import { Roster } from './roster.ts';
import { observeLoad } from './strategy/least-load.ts';
import { observeRtt } from './strategy/peak-ewma.ts';

/** What a choice may depend on. */
export interface PickRequest {
  /** What hashing goes by: the client's address, for `nginx-ip-hash` nothing else. @default '' */
  readonly key?: string;
  /** Peers that were tried for this request already. */
  readonly exclude?: ReadonlySet<string>;
  /** The peer of this session: chosen if it can be, even while it drains. */
  readonly prefer?: string | undefined;
}

/** How a request to a peer ended. `aborted`: the client left, which says nothing about the peer. */
export type Outcome = 'ok' | 'failed' | 'aborted';

/** What was seen of a peer in one request. */
export interface Observation {
  /** Milliseconds from the request to the head of the answer: what `peak-ewma` goes by. */
  readonly rttMs?: number;
  /** What the answer told of the peer's load: what `least-load` goes by. */
  readonly load?: LoadReport | undefined;
}

/** Why nobody can be chosen. */
export type Refusal = 'circuit-open' | 'no-peers' | 'all-draining' | 'all-out' | 'all-full';

/** Chooses peers; every choice is to be given back with its outcome. */
export interface Balancer {
  /** A peer, or undefined when none can be chosen. */
  pick(request?: PickRequest): Peer | undefined;
  release(peer: Peer, outcome: Outcome, seen?: Observation): void;
  /** All peers, as they are now. */
  peers(): readonly Peer[];
  /** Takes another list; peers that stay keep what is known of them, requests under way above all. */
  setPeers(peers: readonly PeerOptions[]): void;
  /** What an active check has found. */
  setHealth(id: string, health: 'up' | 'down'): void;
  /** No new requests but those of its own sessions; `false` takes it back. */
  drain(id: string, draining?: boolean): void;
  /** What a peer tells of its load by another way than its answers. */
  report(id: string, load: LoadReport): void;
  /** Why `pick` gives nobody; undefined when it would give somebody. */
  refusal(): Refusal | undefined;
  /** The circuit's state; `closed` when there is none. */
  circuit(): CircuitState;
  /** By the balancer's clock, when `pick` may answer otherwise although nobody has called; Infinity for never. */
  changesAt(): number;
  /** Calls back whenever a peer may have become free. Returns how to end that. */
  watch(listener: () => void): () => void;
}

/** @throws BalancerConfigError when two peers have the same id or a number makes no sense. */
export function createBalancer(options: BalancerOptions): Balancer {
  return new PeerBalancer(options);
}

class PeerBalancer implements Balancer {
  readonly #options: ResolvedOptions;
  readonly #roster: Roster;
  readonly #listeners = new Set<() => void>();
  #comparedAt: number;

  constructor(options: BalancerOptions) {
    this.#options = resolveOptions(options);
    this.#roster = new Roster(this.#options);
    this.#comparedAt = this.#options.now();
    this.#roster.setPeers(options.peers, this.#comparedAt);
  }

  pick(request?: PickRequest): Peer | undefined {
    const { circuit, now: clock } = this.#options;
    const now = clock();
    const roster = this.#roster;
    if (roster.wakesAt <= now) roster.wake(now);
    if (circuit !== undefined && !circuit.allows(now)) return undefined;
    const key = request?.key ?? '';
    const exclude = request?.exclude;
    const chosen =
      this.#preferred(request, now) ??
      roster.primary.pick(key, now, exclude) ??
      roster.backup.pick(key, now, exclude);
    if (chosen !== undefined) this.#begin(chosen, now);
    return chosen;
  }

  release(peer: Peer, outcome: Outcome, seen?: Observation): void {
    if (!(peer instanceof Member)) {
      throw new BalancerConfigError('UNKNOWN_PEER', 'only a peer that pick() gave can be released');
    }
    const now = this.#options.now();
    const isFull = peer.active >= peer.maxConnections;
    peer.active = Math.max(0, peer.active - 1);
    this.#options.circuit?.end(outcome === 'aborted' ? undefined : outcome === 'ok', now);
    this.#observe(peer, outcome, seen, now);
    if (outcome !== 'aborted') this.#judge(peer, outcome === 'ok', now);
    if (isFull || outcome === 'failed') this.#roster.settle(peer, now);
    else this.#roster.groupOf(peer).update(peer);
    if (peer.active === 0) this.#roster.forget(peer);
    this.#notify();
  }

  peers(): readonly Peer[] {
    this.#roster.wake(this.#options.now());
    return this.#roster.all().map(snapshot);
  }

  setPeers(peers: readonly PeerOptions[]): void {
    this.#roster.setPeers(peers, this.#options.now());
    this.#notify();
  }

  setHealth(id: string, health: 'up' | 'down'): void {
    this.#roster.setDown(this.#roster.get(id), health === 'down', this.#options.now());
    this.#notify();
  }

  drain(id: string, draining = true): void {
    const member = this.#roster.get(id);
    member.draining = draining;
    this.#roster.settle(member, this.#options.now());
    this.#notify();
  }

  report(id: string, { delayMs, queue }: LoadReport): void {
    observeLoad(this.#roster.get(id), delayMs, queue, this.#options.now());
  }

  refusal(): Refusal | undefined {
    const now = this.#options.now();
    this.#roster.wake(now);
    if (this.#options.circuit?.allows(now) === false) return 'circuit-open';
    const members = this.#roster.all();
    if (members.some(({ usable }) => usable)) return undefined;
    if (members.length === 0) return 'no-peers';
    if (members.every(({ draining }) => draining)) return 'all-draining';
    return members.some(({ active, maxConnections }) => active >= maxConnections) ? 'all-full' : 'all-out';
  }

  circuit(): CircuitState {
    return this.#options.circuit?.state(this.#options.now()) ?? 'closed';
  }

  changesAt(): number {
    return Math.min(this.#roster.wakesAt, this.#options.circuit?.opensAt ?? Number.POSITIVE_INFINITY);
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #preferred(request: PickRequest | undefined, now: number): Member | undefined {
    const id = request?.prefer;
    if (id === undefined || request?.exclude?.has(id)) return undefined;
    const member = this.#roster.find(id);
    return member !== undefined && this.#roster.canServe(member, now) ? member : undefined;
  }

  #begin(member: Member, now: number): void {
    const { circuit, failures } = this.#options;
    member.active++;
    member.sentSince++;
    circuit?.begin();
    const isTrial = hasFailed(member, failures);
    if (isTrial) startTrial(member, failures, now);
    if (isTrial || member.active >= member.maxConnections) this.#roster.settle(member, now);
    else this.#roster.groupOf(member).update(member);
  }

  #observe(member: Member, outcome: Outcome, seen: Observation | undefined, now: number): void {
    const rttMs = seen?.rttMs;
    const failed = outcome === 'failed';
    if (rttMs !== undefined || failed) {
      observeRtt(member, rttMs ?? 0, failed, now, this.#options.decayMs);
    }
    if (seen?.load !== undefined) observeLoad(member, seen.load.delayMs, seen.load.queue, now);
  }

  #judge(member: Member, ok: boolean, now: number): void {
    const { failures, outliers } = this.#options;
    if (!ok) noteFailure(member, failures, now);
    else if (hasFailed(member, failures)) {
      this.#roster.recover(member, now);
      this.#roster.settle(member, now);
    }
    if (outliers === undefined) return;
    if (noteResult(member, ok, outliers)) this.#roster.eject(member, now);
    if (outliers.intervalMs > 0 && now - this.#comparedAt >= outliers.intervalMs) {
      this.#comparedAt = now;
      for (const outlier of compareRates(this.#roster.primary.members, outliers)) {
        this.#roster.eject(outlier, now);
      }
    }
  }

  #notify(): void {
    if (this.#listeners.size > 0) for (const listener of this.#listeners) listener();
  }
}

function snapshot(member: Member): Peer {
  const { id, weight, backup, maxConnections, usable, active, fails, down, draining, ejectedUntil } = member;
  return { id, weight, backup, maxConnections, usable, active, fails, down, draining, ejectedUntil };
}
