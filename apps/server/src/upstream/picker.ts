import type { Balancer, Observation, Outcome, Peer } from '@highball/balancer';
import type { PeerQueue } from '@highball/balancer/queue';
import type { Environ } from '@highball/gateway-protocol';
import type { PickRequest } from '@highball/reverse-proxy';

/** What stands before a balancer, where it does. */
export interface PickerParts {
  readonly queue?: PeerQueue | undefined;
  /** The server of a request's session. */
  readonly prefer?: ((environ: Environ) => string | undefined) | undefined;
}

/** What the proxy of an upstream picks from: the balancer, with a queue before it perhaps; and counts failures. */
export class UpstreamPicker {
  readonly #balancer: Balancer;
  readonly #queue: PeerQueue | undefined;
  readonly #prefer: PickerParts['prefer'];
  /** By the server's address. */
  readonly failures: Map<string, number> = new Map();

  constructor(balancer: Balancer, { queue, prefer }: PickerParts) {
    this.#balancer = balancer;
    this.#queue = queue;
    this.#prefer = prefer;
  }

  /**
   * A server, or the promise of one where all have as many requests as they may. Undefined when waiting would not
   * help: they are down, or were all tried.
   * @throws NoPeerError also by the promise: the queue is full, the wait was too long, or the client has left.
   */
  pick(asked: PickRequest): Peer | undefined | Promise<Peer> {
    const queue = this.#queue;
    const request = this.#prefer === undefined ? asked : { ...asked, prefer: this.#prefer(asked.environ) };
    if (queue === undefined) return this.#balancer.pick(request);
    // Who waits comes first.
    if (queue.waiting === 0) {
      const peer = this.#balancer.pick(request);
      if (peer !== undefined || this.#balancer.refusal() !== 'all-full') return peer;
    }
    return queue.acquire(request, request.environ['highball.signal']?.());
  }

  release(peer: Peer, outcome: Outcome, seen?: Observation): void {
    if (outcome === 'failed') this.failures.set(peer.id, (this.failures.get(peer.id) ?? 0) + 1);
    this.#balancer.release(peer, outcome, seen);
  }

  /** Forgets the failures of servers that are gone. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.failures.keys()) if (!ids.has(id)) this.failures.delete(id);
  }
}
