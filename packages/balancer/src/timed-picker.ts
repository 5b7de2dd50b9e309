import { performance } from 'node:perf_hooks';
import type { Balancer, Outcome, PickRequest } from './balancer.ts';
import type { Peer } from './peer.ts';

/** One choice of a peer, with its time. */
export interface TimedPeer {
  readonly id: string;
  readonly peer: Peer;
  readonly pickedAt: number;
}

/** A balancer's two methods, for callers that measure nothing themselves. */
export interface TimedPicker {
  pick(request?: PickRequest): TimedPeer | undefined;
  release(picked: TimedPeer, outcome: Outcome): void;
}

/**
 * Measures the time between `pick` and `release`, so that `peak-ewma` works behind a proxy that knows the two methods
 * only. It is the time of the whole exchange, its body included; one object a request.
 * @param now - the clock that the balancer goes by, in milliseconds. Default: performance.now.
 */
export function timedPicker(balancer: Balancer, now: () => number = () => performance.now()): TimedPicker {
  return {
    pick(request) {
      const peer = balancer.pick(request);
      return peer && { id: peer.id, peer, pickedAt: now() };
    },
    release({ peer, pickedAt }, outcome) {
      // A client that left says nothing, not even about the time.
      balancer.release(peer, outcome, outcome === 'aborted' ? undefined : { rttMs: now() - pickedAt });
    },
  };
}
