import type { Member } from '../peer.ts';

/** A peer that warms up begins with this much of its weight: Envoy's min_weight_percent. */
const LEAST_SHARE = 0.1;

/** The weight grows in so many steps: indexes are not touched with every request. */
const STEPS = 10;

/** Sets the weight that a peer has by now. Returns when it grows next; Infinity when it is warm. */
export function warmUp(member: Member, slowStartMs: number, now: number): number {
  const step = Math.floor(((now - member.warmFrom) / slowStartMs) * STEPS);
  if (slowStartMs === 0 || step >= STEPS) {
    setShare(member, member.weight);
    return Number.POSITIVE_INFINITY;
  }
  setShare(member, member.weight * Math.max(LEAST_SHARE, step / STEPS));
  return member.warmFrom + ((step + 1) / STEPS) * slowStartMs;
}

/** Another weight; one that failures have lowered stays below it. */
function setShare(member: Member, share: number): void {
  const whole = member.effectiveWeight >= member.share;
  member.effectiveWeight = whole ? share : Math.min(member.effectiveWeight, share);
  member.share = share;
}
