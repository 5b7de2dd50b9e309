import type { Member } from '../peer.ts';
import { connectionsCost, type Cost } from './two-choices.ts';

/** A report older than this says nothing any more. */
export const REPORT_MAX_AGE_MS = 5000;

/** The delay of an event loop at which every request counts twice: one timer tick late is felt. */
const DELAY_UNIT_MS = 10;

/**
 * What a peer says of itself: its queue and what it was sent since, dearer the later its event loop runs. A report
 * that is missing or old is replaced by what this balancer itself has under way there.
 */
export function leastLoadCost(maxAgeMs: number): Cost {
  return (member, now) => {
    if (now - member.reportedAt > maxAgeMs) return connectionsCost(member);
    const queue = member.reportedQueue + member.sentSince + 1;
    return (queue * (1 + member.reportedDelayMs / DELAY_UNIT_MS)) / member.share;
  };
}

/** Takes in a report. */
export function observeLoad(member: Member, delayMs: number, queue: number, now: number): void {
  member.reportedDelayMs = delayMs;
  member.reportedQueue = queue;
  member.reportedAt = now;
  member.sentSince = 0;
}
