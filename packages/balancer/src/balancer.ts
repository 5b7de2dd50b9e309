import { type FailurePolicy, isHealthy, noteChosen, noteFailure, noteSuccess } from './health.ts';
import { ipHash } from './ip-hash.ts';
import { leastConnections } from './least-connections.ts';
import { createPeer, type Peer, type PeerOptions } from './peer.ts';
import { roundRobin } from './round-robin.ts';

/** How a peer is chosen. */
export type Strategy = 'round-robin' | 'least-connections' | 'ip-hash';

export interface BalancerOptions {
  readonly peers: readonly PeerOptions[];
  /** @default 'round-robin' */
  readonly strategy?: Strategy;
  /** Failures within `failTimeoutMs` after which a peer is left out; 0 never. @default 1 (nginx) */
  readonly maxFails?: number;
  /** @default 10_000 (nginx) */
  readonly failTimeoutMs?: number;
  /** Milliseconds of a clock that only goes forward. @default performance.now */
  readonly now?: () => number;
}

/** What a choice may depend on. */
export interface PickRequest {
  /** What `ip-hash` goes by: the client's address. */
  readonly key?: string;
  /** Peers that were tried for this request already. */
  readonly exclude?: ReadonlySet<string>;
}

/** How a request to a peer ended. `aborted`: the client left, which says nothing about the peer. */
export type Outcome = 'ok' | 'failed' | 'aborted';

/** Chooses peers; every choice is to be given back with its outcome. */
export interface Balancer {
  /** A peer, or undefined when none can be chosen. */
  pick(request?: PickRequest): Peer | undefined;
  release(peer: Peer, outcome: Outcome): void;
  /** All peers, as they are now. */
  peers(): readonly Readonly<Peer>[];
  /** Takes another list; peers that stay keep what is known of them. */
  setPeers(peers: readonly PeerOptions[]): void;
}

/** @throws RangeError when two peers have the same name or a number makes no sense. */
export function createBalancer(options: BalancerOptions): Balancer {
  return new PeerBalancer(options);
}

class PeerBalancer implements Balancer {
  readonly #strategy: Strategy;
  readonly #policy: FailurePolicy;
  readonly #now: () => number;
  #peers: readonly Peer[] = [];

  constructor(options: BalancerOptions) {
    this.#strategy = options.strategy ?? 'round-robin';
    this.#policy = { maxFails: options.maxFails ?? 1, failTimeoutMs: options.failTimeoutMs ?? 10_000 };
    this.#now = options.now ?? (() => performance.now());
    this.setPeers(options.peers);
  }

  pick(request: PickRequest = {}): Peer | undefined {
    const now = this.#now();
    const chosen = this.#pickFrom(false, request, now) ?? this.#pickFrom(true, request, now);
    if (chosen !== undefined) noteChosen(chosen, this.#policy, now);
    return chosen;
  }

  release(peer: Peer, outcome: Outcome): void {
    peer.active = Math.max(0, peer.active - 1);
    if (outcome === 'failed') noteFailure(peer, this.#policy, this.#now());
    else if (outcome === 'ok') noteSuccess(peer);
  }

  peers(): readonly Readonly<Peer>[] {
    return this.#peers.map((peer) => ({ ...peer }));
  }

  setPeers(peers: readonly PeerOptions[]): void {
    const ids = new Set(peers.map(({ id }) => id));
    if (ids.size !== peers.length) throw new RangeError('two peers have the same id; each must have its own');
    const before = new Map(this.#peers.map((peer) => [peer.id, peer]));
    this.#peers = peers.map((options) => {
      const known = before.get(options.id);
      return known === undefined ? createPeer(options) : Object.assign(known, settings(createPeer(options)));
    });
  }

  #pickFrom(backup: boolean, { key = '', exclude }: PickRequest, now: number): Peer | undefined {
    const group = this.#peers.filter((peer) => peer.backup === backup && !exclude?.has(peer.id));
    const free = group.filter((peer) => peer.active < peer.maxConnections);
    const healthy = free.filter((peer) => isHealthy(peer, this.#policy, now));
    // To leave out the only peer there is would help nobody (nginx does the same).
    const alone = this.#peers.length === 1;
    return this.#choose(alone ? free : healthy, key);
  }

  #choose(usable: readonly Peer[], key: string): Peer | undefined {
    if (usable.length <= 1) return usable[0];
    if (this.#strategy === 'ip-hash') return ipHash(usable, key);
    return this.#strategy === 'least-connections' ? leastConnections(usable) : roundRobin(usable);
  }
}

/** What a new list may change of a peer that stays. */
function settings({ weight, backup, maxConnections, effectiveWeight }: Peer): Partial<Peer> {
  return { weight, backup, maxConnections, effectiveWeight };
}
