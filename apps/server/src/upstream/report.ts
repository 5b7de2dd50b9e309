import type { Balancer, Peer } from '@highball/balancer';

/** Whether and why a server gets requests. */
export type PeerState =
  /** It gets requests. */
  | 'up'
  /** Active checks have found it down. */
  | 'down'
  /** Requests have failed there: it is left out for a while. */
  | 'failed'
  /** It did worse than the others. */
  | 'ejected'
  /** It gets no new requests, because somebody has said so. */
  | 'draining'
  /** It has as many requests as it may have. */
  | 'full';

/** A server as one worker sees it. */
export interface PeerReport {
  readonly id: string;
  readonly state: PeerState;
  /** Why it is not `up`, in words. */
  readonly why: string | null;
  readonly backup: boolean;
  /** Requests under way. */
  readonly active: number;
  /** Requests that have failed there since the worker was started. */
  readonly failures: number;
}

/** An upstream as one worker sees it. */
export interface UpstreamReport {
  readonly name: string;
  readonly balance: string;
  readonly circuit: string;
  /** Requests that wait for a server. */
  readonly waiting: number;
  readonly peers: readonly PeerReport[];
  /** Servers that there are besides. */
  readonly more: number;
}

/** What of an upstream is reported. */
export interface Reported {
  readonly name: string;
  readonly balance: string;
  readonly balancer: Balancer;
  readonly waiting: number;
  /** Failures so far, by the server's address. */
  readonly failures: ReadonlyMap<string, number>;
  /** What active checks have found wrong, by the server's address. */
  readonly problems: ReadonlyMap<string, string>;
}

/** A worker reports once a second: of more servers than this, those that are up are left out. */
const MOST_PEERS = 64;

/** Tells how an upstream is at this moment. @param now - by the clock of the balancer. */
export function reportUpstream(reported: Reported, now: number = performance.now()): UpstreamReport {
  const { name, balance, balancer, waiting } = reported;
  const all = balancer.peers().map((peer) => reportPeer(peer, reported, now));
  const shown = all.length <= MOST_PEERS ? all : withTroubledFirst(all).slice(0, MOST_PEERS);
  return {
    name,
    balance,
    circuit: balancer.circuit(),
    waiting,
    peers: shown,
    more: all.length - shown.length,
  };
}

function withTroubledFirst(peers: readonly PeerReport[]): PeerReport[] {
  return [...peers.filter(({ state }) => state !== 'up'), ...peers.filter(({ state }) => state === 'up')];
}

function reportPeer(peer: Peer, { failures, problems }: Reported, now: number): PeerReport {
  const { id, backup, active } = peer;
  const state = stateOf(peer, now);
  return {
    id,
    state,
    why: whyOf(state, peer, problems, now),
    backup,
    active,
    failures: failures.get(id) ?? 0,
  };
}

function stateOf(peer: Peer, now: number): PeerState {
  if (peer.draining) return 'draining';
  if (peer.down) return 'down';
  if (peer.ejectedUntil > now) return 'ejected';
  if (peer.active >= peer.maxConnections) return 'full';
  return peer.usable ? 'up' : 'failed';
}

function whyOf(
  state: PeerState,
  { id, fails, ejectedUntil, maxConnections, usable }: Peer,
  problems: ReadonlyMap<string, string>,
  now: number,
): string | null {
  const texts: Readonly<Record<PeerState, string | null>> = {
    up: null,
    down: problems.get(id) ?? 'its checks fail',
    failed: `${fails} ${fails === 1 ? 'failure' : 'failures'} of late`,
    ejected: `it fails more than the others; back in ${Math.ceil((ejectedUntil - now) / 1000)} s`,
    draining: 'by highball ctl',
    full: `it has ${maxConnections} requests, as many as it may`,
  };
  const text = texts[state];
  // So many are out that the checks are likelier to be wrong than the servers.
  return usable && (state === 'down' || state === 'ejected') ? `${text}; used all the same: panic` : text;
}
