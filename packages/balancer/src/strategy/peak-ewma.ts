import type { Member } from '../peer.ts';
import type { Cost } from './two-choices.ts';

/** How fast an answer is forgotten: Finagle's `decayTime`. */
export const DECAY_MS = 10_000;

/** A peer that has been sent something and has answered nothing yet costs more than any that is known (Finagle). */
const PENALTY_MS = 2 ** 31;

/** What a failure counts at least: a peer that refuses at once must not look like the quickest. */
const FAILURE_COST_MS = 1000;

/**
 * Peak EWMA (Finagle's `PeakEwma`): the cost follows a slower answer at once and a quicker one little by little, and
 * is multiplied by the requests under way.
 */
export function peakEwmaCost(decayMs: number): Cost {
  return (member, now) => {
    const cost = decayed(member, now, decayMs);
    if (cost === 0 && member.active > 0) return PENALTY_MS + member.active;
    return (cost * (member.active + 1)) / member.share;
  };
}

/** Takes in the time of one answer. */
export function observeRtt(
  member: Member,
  rttMs: number,
  failed: boolean,
  now: number,
  decayMs: number,
): void {
  const rtt = failed ? Math.max(rttMs, FAILURE_COST_MS) : rttMs;
  const before = member.costMs;
  const kept = Math.exp(-(now - member.costAt) / decayMs);
  member.costMs = rtt > before ? rtt : before * kept + rtt * (1 - kept);
  member.costAt = now;
}

/** With nothing heard, a bad name fades: otherwise a peer that was slow once would never be asked again. */
function decayed({ costMs, costAt }: Member, now: number, decayMs: number): number {
  return costMs === 0 ? 0 : costMs * Math.exp(-(now - costAt) / decayMs);
}
