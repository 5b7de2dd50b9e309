import type { Peer } from './peer.ts';

/** When a peer that fails is left out: nginx's max_fails and fail_timeout. */
export interface FailurePolicy {
  /** Failures within the time that put a peer out; 0 never. */
  readonly maxFails: number;
  /** The time in which they are counted, and for which the peer is left out then. */
  readonly failTimeoutMs: number;
}

/** Whether a peer may be chosen. One that was put out gets one request to try, each time its time is over. */
export function isHealthy(peer: Peer, policy: FailurePolicy, now: number): boolean {
  if (policy.maxFails === 0 || peer.fails < policy.maxFails) return true;
  return now - Math.max(peer.failedAt, peer.triedAt) > policy.failTimeoutMs;
}

/** Notes that a peer was chosen; one that had been put out is being tried. */
export function noteChosen(peer: Peer, policy: FailurePolicy, now: number): void {
  peer.active++;
  if (policy.maxFails > 0 && peer.fails >= policy.maxFails) peer.triedAt = now;
}

export function noteFailure(peer: Peer, policy: FailurePolicy, now: number): void {
  if (now - peer.failedAt > policy.failTimeoutMs && peer.fails < policy.maxFails) peer.fails = 0;
  peer.fails++;
  peer.failedAt = now;
  if (policy.maxFails > 0) {
    peer.effectiveWeight = Math.max(0, peer.effectiveWeight - peer.weight / policy.maxFails);
  }
}

/** Notes that a peer answered: if it was being tried, it is back. */
export function noteSuccess(peer: Peer): void {
  peer.fails = 0;
}
