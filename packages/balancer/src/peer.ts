import { BalancerConfigError } from './errors.ts';

/** A server that can be chosen. */
export interface PeerOptions {
  /** What it is called, such as its address; unique. */
  readonly id: string;
  /** Its share compared with the others. @default 1 */
  readonly weight?: number;
  /** Chosen only when no other peer can be. @default false */
  readonly backup?: boolean;
  /** So many requests at the same time, and no more. @default Infinity */
  readonly maxConnections?: number;
}

/** A peer and what is known of it. */
export interface Peer {
  readonly id: string;
  readonly weight: number;
  readonly backup: boolean;
  readonly maxConnections: number;
  /** Whether it can be chosen now. */
  readonly usable: boolean;
  /** Requests under way. */
  readonly active: number;
  /** Failures within the present `failTimeoutMs`. */
  readonly fails: number;
  /** Whether active checks have found it down. */
  readonly down: boolean;
  /** Whether it gets no new requests but those of its own sessions. */
  readonly draining: boolean;
  /** Until when it is ejected as an outlier, by the balancer's clock. */
  readonly ejectedUntil: number;
}

/** A peer as the balancer itself writes to it. One shape for all strategies keeps their loops fast. */
export class Member implements Peer {
  readonly id: string;
  weight = 1;
  backup = false;
  maxConnections: number = Number.POSITIVE_INFINITY;
  /** Its place in the list: ties go to the first. */
  order = 0;
  /** A small number of its own, for the tables of strategies. */
  readonly index: number;
  usable = false;
  active = 0;
  draining = false;
  down = false;

  /** Passive health: failures, when the last was, and until when they put it out. */
  fails = 0;
  failedAt: number = Number.NEGATIVE_INFINITY;
  outUntil: number = Number.NEGATIVE_INFINITY;

  /** Outliers: failures in a row, ejections so far, results of the present interval. */
  consecutiveFails = 0;
  ejections = 0;
  ejectedUntil: number = Number.NEGATIVE_INFINITY;
  succeeded = 0;
  failed = 0;

  /** Slow start: since when it warms up, and the weight that it has by now. */
  warmFrom: number = Number.NEGATIVE_INFINITY;
  share = 1;
  /** Smooth weighted round robin: what failures have left of the share. */
  effectiveWeight = 1;
  /** When the balancer has to look at it again. */
  wakeAt: number = Number.POSITIVE_INFINITY;

  /** Peak EWMA: the cost in milliseconds, and when it was written. */
  costMs = 0;
  costAt: number = Number.NEGATIVE_INFINITY;

  /** The load that the peer told: the delay of its loop, its queue, when, and what it was sent since. */
  reportedDelayMs = 0;
  reportedQueue = 0;
  reportedAt: number = Number.NEGATIVE_INFINITY;
  sentSince = 0;

  constructor(id: string, index: number) {
    this.id = id;
    this.index = index;
  }
}

/** nginx's weights are of this size too. */
const MAX_WEIGHT = 65_535;

/** A peer's options with every default in its place. */
export type ResolvedPeer = Required<PeerOptions>;

/**
 * Checks a list of peers and fills in the defaults.
 * @throws BalancerConfigError INVALID_PEER, DUPLICATE_PEER
 */
export function resolvePeers(peers: readonly PeerOptions[]): ResolvedPeer[] {
  const resolved = peers.map(resolvePeer);
  if (new Set(peers.map(({ id }) => id)).size !== peers.length) {
    throw new BalancerConfigError('DUPLICATE_PEER', 'two peers have the same id; each must have its own');
  }
  return resolved;
}

function resolvePeer(options: PeerOptions): ResolvedPeer {
  const { id, weight = 1, backup = false, maxConnections = Number.POSITIVE_INFINITY } = options;
  if (typeof id !== 'string' || id === '') invalid('a peer must have an id');
  if (!(weight > 0 && weight <= MAX_WEIGHT)) {
    invalid(`the weight of ${id} must be above 0 and at most ${MAX_WEIGHT}, not ${weight}`);
  }
  if (!(maxConnections >= 1)) invalid(`maxConnections of ${id} must be 1 or more, not ${maxConnections}`);
  return { id, weight, backup, maxConnections };
}

function invalid(problem: string): never {
  throw new BalancerConfigError('INVALID_PEER', problem);
}
