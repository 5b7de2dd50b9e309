import type { Member } from '../peer.ts';

/** When a peer that fails is left out: nginx's max_fails and fail_timeout. */
export interface FailurePolicy {
  /** Failures within the time that put a peer out; 0 never. */
  readonly maxFails: number;
  /** The time in which they are counted, and for which the peer is left out then. */
  readonly failTimeoutMs: number;
}

/** Whether a peer has failed too often to be chosen now. */
export function isOut(member: Member, policy: FailurePolicy, now: number): boolean {
  return hasFailed(member, policy) && now < member.outUntil;
}

/** Whether the next request is its trial. */
export function hasFailed(member: Member, { maxFails }: FailurePolicy): boolean {
  return maxFails > 0 && member.fails >= maxFails;
}

/** A peer on trial gets no second request until its time is over once more. */
export function startTrial(member: Member, policy: FailurePolicy, now: number): void {
  member.outUntil = now + policy.failTimeoutMs;
}

/** Counts a failure; the weight that it costs comes back one by one (smooth weighted round robin). */
export function noteFailure(member: Member, policy: FailurePolicy, now: number): void {
  const { maxFails, failTimeoutMs } = policy;
  if (now - member.failedAt > failTimeoutMs && !hasFailed(member, policy)) member.fails = 0;
  member.fails++;
  member.failedAt = now;
  if (maxFails === 0) return;
  member.effectiveWeight = Math.max(0, member.effectiveWeight - member.share / maxFails);
  if (hasFailed(member, policy)) member.outUntil = now + failTimeoutMs;
}
