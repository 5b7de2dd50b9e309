import type { PeerReport, PeerState, UpstreamReport } from '../upstream/report.ts';
import type { ServerLine, UpstreamLine } from './types.ts';

/** What is worse comes first: what most of all explains why a server gets no requests. */
const WORST: readonly PeerState[] = ['down', 'ejected', 'failed', 'draining', 'full', 'up'];

/** Sums up what the workers tell of the upstreams; each sees them with its own eyes. */
export function collectUpstreams(reports: readonly (readonly UpstreamReport[])[]): UpstreamLine[] {
  const names = new Set(reports.flatMap((report) => report.map(({ name }) => name)));
  return [...names].map((name) => sumUp(reports.flatMap((all) => all.filter((each) => each.name === name))));
}

function sumUp(reports: readonly UpstreamReport[]): UpstreamLine {
  const [{ name, balance }] = reports as [UpstreamReport];
  const ids = new Set(reports.flatMap(({ peers }) => peers.map(({ id }) => id)));
  const circuit = reports.find((report) => report.circuit !== 'closed')?.circuit ?? 'closed';
  return {
    name,
    balance,
    circuit,
    waiting: sum(reports.map(({ waiting }) => waiting)),
    servers: [...ids].map((id) => serverLine(id, reports)),
    more: Math.max(...reports.map(({ more }) => more)),
  };
}

function serverLine(id: string, reports: readonly UpstreamReport[]): ServerLine {
  const seen = reports.flatMap(({ peers }) => peers.filter((peer) => peer.id === id));
  const worst = WORST.find((state) => seen.some((peer) => peer.state === state)) as PeerState;
  const [first, ...others] = seen.filter(({ state }) => state === worst) as [PeerReport];
  return {
    id,
    state: worst,
    why: first.why,
    backup: first.backup,
    active: sum(seen.map(({ active }) => active)),
    failures: sum(seen.map(({ failures }) => failures)),
    seenBy: others.length + 1,
    workers: seen.length,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
