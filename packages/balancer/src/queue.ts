import { performance } from 'node:perf_hooks';
import type { Balancer, Observation, Outcome, PickRequest } from './balancer.ts';
import { NoPeerError, within } from './errors.ts';
import type { Peer } from './peer.ts';
import { setTimer, type SetTimer } from './timers.ts';

export interface PeerQueueOptions {
  /** How many requests may wait; one more is refused. @default 1024 (Envoy's max_pending_requests) */
  readonly maxWaiting?: number;
  /** How long one may wait. @default 60_000 (nginx's queue … timeout) */
  readonly timeoutMs?: number;
  /** The clock that the balancer goes by. @default performance.now */
  readonly now?: () => number;
  readonly setTimer?: SetTimer;
}

/** Requests that wait for a peer while all are busy. */
export interface PeerQueue {
  readonly waiting: number;
  /**
   * A peer: at once and without a promise where one is free that nobody waits for, later otherwise.
   * @throws NoPeerError QUEUE_FULL, QUEUE_TIMEOUT, ABORTED, CLOSED; the first by throwing, the rest by the promise.
   */
  acquire(request?: PickRequest, signal?: AbortSignal): Peer | Promise<Peer>;
  release(peer: Peer, outcome: Outcome, seen?: Observation): void;
  /** Refuses all who wait, and all who come. */
  close(): void;
}

interface Waiter {
  readonly request: PickRequest | undefined;
  readonly deadline: number;
  readonly settle: (peer: Peer | NoPeerError) => void;
}

/** An alarm that is due already still goes through a timer: clocks and timers round differently. */
const LEAST_PAUSE_MS = 1;

/**
 * Puts a queue before a balancer: first come, first served, with a length and a time. The circuit, when it is open,
 * is waited for as peers are; whoever wants to fail at once asks `balancer.refusal()` first.
 */
export function createPeerQueue(balancer: Balancer, options: PeerQueueOptions = {}): PeerQueue {
  return new FifoPeerQueue(balancer, options);
}

class FifoPeerQueue implements PeerQueue {
  readonly #balancer: Balancer;
  readonly #maxWaiting: number;
  readonly #timeoutMs: number;
  readonly #now: () => number;
  readonly #setTimer: SetTimer;
  /** In the order in which they came, which is that of their deadlines. */
  readonly #waiters = new Set<Waiter>();
  readonly #unwatch: () => void;
  #cancelTimer: (() => void) | undefined;
  #closed = false;

  constructor(balancer: Balancer, options: PeerQueueOptions) {
    this.#balancer = balancer;
    this.#maxWaiting = within('maxWaiting', options.maxWaiting ?? 1024, 0);
    this.#timeoutMs = within('timeoutMs', options.timeoutMs ?? 60_000, 1);
    this.#now = options.now ?? (() => performance.now());
    this.#setTimer = options.setTimer ?? setTimer;
    this.#unwatch = balancer.watch(() => this.#serve());
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  acquire(request?: PickRequest, signal?: AbortSignal): Peer | Promise<Peer> {
    if (this.#closed) throw new NoPeerError('CLOSED', 'the queue is closed');
    if (signal?.aborted)
      throw new NoPeerError('ABORTED', 'the request was given up', { cause: signal.reason });
    // Whatever is free after that, nobody who waits can use, such as those who have tried it already.
    this.#serve();
    const peer = this.#balancer.pick(request);
    if (peer !== undefined) return peer;
    if (this.#waiters.size >= this.#maxWaiting) {
      throw new NoPeerError('QUEUE_FULL', `${this.#maxWaiting} requests wait for a peer already`);
    }
    return this.#wait(request, signal);
  }

  release(peer: Peer, outcome: Outcome, seen?: Observation): void {
    this.#balancer.release(peer, outcome, seen);
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
    for (const waiter of this.#waiters) waiter.settle(new NoPeerError('CLOSED', 'the queue is closed'));
  }

  #wait(request: PickRequest | undefined, signal: AbortSignal | undefined): Promise<Peer> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        waiter.settle(new NoPeerError('ABORTED', 'the request was given up', { cause: signal?.reason }));
      };
      const waiter: Waiter = {
        request,
        deadline: this.#now() + this.#timeoutMs,
        settle: (result) => {
          this.#waiters.delete(waiter);
          signal?.removeEventListener('abort', onAbort);
          if (this.#waiters.size === 0) this.#rest();
          if (result instanceof NoPeerError) reject(result);
          else resolve(result);
        },
      };
      this.#waiters.add(waiter);
      signal?.addEventListener('abort', onAbort, { once: true });
      if (this.#waiters.size === 1) this.#setAlarm();
    });
  }

  /** Serves in order. One whose own peers are busy, such as those it has not tried, does not hold the others up. */
  #serve(): void {
    if (this.#waiters.size === 0) return;
    for (const waiter of this.#waiters) {
      const peer = this.#balancer.pick(waiter.request);
      if (peer !== undefined) waiter.settle(peer);
      else if (!waiter.request?.exclude?.size) break;
    }
    if (this.#waiters.size > 0) this.#setAlarm();
  }

  /** The first deadline, or the time at which the balancer has somebody back without being told. */
  #setAlarm(): void {
    this.#rest();
    const [first] = this.#waiters;
    const at = Math.min((first as Waiter).deadline, this.#balancer.changesAt());
    this.#cancelTimer = this.#setTimer(() => this.#onAlarm(), Math.max(at - this.#now(), LEAST_PAUSE_MS));
  }

  #onAlarm(): void {
    const now = this.#now();
    for (const waiter of this.#waiters) {
      if (waiter.deadline > now) break;
      const problem = `no peer was free within ${this.#timeoutMs} ms`;
      waiter.settle(new NoPeerError('QUEUE_TIMEOUT', problem));
    }
    this.#serve();
  }

  #rest(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
