import type { Member } from '../peer.ts';

/** When a peer is ejected because it does worse than the others: Envoy's outlier detection. */
export interface OutlierOptions {
  /** Failures in a row that eject; 0 never. @default 5 (Envoy) */
  readonly consecutiveFailures?: number;
  /** How long the first ejection lasts; each further one so much longer. @default 30_000 (Envoy) */
  readonly ejectionMs?: number;
  /** The longest ejection. @default 300_000 (Envoy) */
  readonly maxEjectionMs?: number;
  /** The most of the peers that may be ejected at a time; one always may. @default 0.1 (Envoy) */
  readonly maxEjectedShare?: number;
  /** How often rates of success are compared; 0 never. @default 10_000 (Envoy) */
  readonly intervalMs?: number;
  /** Peers with enough requests that a comparison takes. @default 5 (Envoy) */
  readonly minPeers?: number;
  /** Requests within the interval that are enough. @default 100 (Envoy) */
  readonly minRequests?: number;
  /** Standard deviations below the mean rate of success that eject. @default 1.9 (Envoy) */
  readonly deviations?: number;
}

export type OutlierPolicy = Required<OutlierOptions>;

export function resolveOutliers(options: OutlierOptions): OutlierPolicy {
  return {
    consecutiveFailures: options.consecutiveFailures ?? 5,
    ejectionMs: options.ejectionMs ?? 30_000,
    maxEjectionMs: options.maxEjectionMs ?? 300_000,
    maxEjectedShare: options.maxEjectedShare ?? 0.1,
    intervalMs: options.intervalMs ?? 10_000,
    minPeers: options.minPeers ?? 5,
    minRequests: options.minRequests ?? 100,
    deviations: options.deviations ?? 1.9,
  };
}

/** How many of so many peers may be ejected at a time. */
export function mostEjected(policy: OutlierPolicy, peers: number): number {
  return Math.max(1, Math.floor(peers * policy.maxEjectedShare));
}

/** How long the next ejection of a peer lasts. */
export function ejectionMs({ ejectionMs, maxEjectionMs }: OutlierPolicy, ejections: number): number {
  return Math.min(maxEjectionMs, ejectionMs * (ejections + 1));
}

/** Counts a result. Returns whether it was one failure in a row too many. */
export function noteResult(member: Member, ok: boolean, { consecutiveFailures }: OutlierPolicy): boolean {
  if (ok) {
    member.succeeded++;
    member.consecutiveFails = 0;
    return false;
  }
  member.failed++;
  member.consecutiveFails++;
  return consecutiveFailures > 0 && member.consecutiveFails >= consecutiveFailures;
}

/** The peers whose rate of success stands out below, the worst first; the counts begin anew. */
export function compareRates(members: readonly Member[], policy: OutlierPolicy): Member[] {
  const measured = members
    .filter(({ succeeded, failed }) => succeeded + failed >= policy.minRequests)
    .map((member) => ({ member, rate: member.succeeded / (member.succeeded + member.failed) }));
  for (const member of members) member.succeeded = member.failed = 0;
  if (measured.length < policy.minPeers) return [];
  const mean = measured.reduce((sum, { rate }) => sum + rate, 0) / measured.length;
  const variance = measured.reduce((sum, { rate }) => sum + (rate - mean) ** 2, 0) / measured.length;
  const threshold = mean - policy.deviations * Math.sqrt(variance);
  const worst = measured.filter(({ rate }) => rate < threshold).toSorted((a, b) => a.rate - b.rate);
  return worst.map(({ member }) => member);
}
