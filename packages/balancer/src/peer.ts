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
  /** Requests under way. */
  active: number;
  /** Failures within the present `failTimeoutMs`. */
  fails: number;
  /** When the last failure was, by the balancer's clock. */
  failedAt: number;
  /** When it was last tried although it had failed too often. */
  triedAt: number;
  /** Smooth weighted round robin: the weight that failures have left, and the running balance. */
  effectiveWeight: number;
  currentWeight: number;
}

/** @throws RangeError when a number makes no sense. */
export function createPeer(options: PeerOptions): Peer {
  const { id, weight = 1, backup = false, maxConnections = Number.POSITIVE_INFINITY } = options;
  if (!(weight > 0 && weight <= MAX_WEIGHT)) {
    throw new RangeError(`the weight of ${id} must be above 0 and at most ${MAX_WEIGHT}, not ${weight}`);
  }
  if (!(maxConnections >= 1))
    throw new RangeError(`maxConnections of ${id} must be 1 or more, not ${maxConnections}`);
  return {
    id,
    weight,
    backup,
    maxConnections,
    active: 0,
    fails: 0,
    failedAt: Number.NEGATIVE_INFINITY,
    triedAt: Number.NEGATIVE_INFINITY,
    effectiveWeight: weight,
    currentWeight: 0,
  };
}

const MAX_WEIGHT = 65_535;
