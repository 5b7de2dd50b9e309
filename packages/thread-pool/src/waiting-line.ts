import type { Clock } from './clock.ts';

/** Why a place in a line is lost: the time is up, the client has left, or nobody will be served any more. */
export type Dismissal = 'late' | 'left' | 'closed';

/** What waits. Exactly one of the two is called, once. */
export interface Waiter {
  admit(): void;
  dismiss(why: Dismissal): void;
}

export interface WaitingLineOptions {
  /** So many may wait. */
  readonly maxQueue: number;
  /** So long each of them may wait. */
  readonly queueTimeoutMs: number;
  readonly clock: Clock;
}

interface Place {
  readonly waiter: Waiter;
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
  readonly leave: () => void;
}

/** First come, first served; of a limited length, each place for a limited time, and free again when its owner leaves. */
export class WaitingLine {
  readonly #maxQueue: number;
  readonly #queueTimeoutMs: number;
  readonly #clock: Clock;
  /** In the order in which they came: the first one's deadline is the next. */
  readonly #places = new Set<Place>();
  #timer: unknown;
  #timerSet = false;

  constructor({ maxQueue, queueTimeoutMs, clock }: WaitingLineOptions) {
    this.#maxQueue = maxQueue;
    this.#queueTimeoutMs = queueTimeoutMs;
    this.#clock = clock;
  }

  get size(): number {
    return this.#places.size;
  }

  get full(): boolean {
    return this.#places.size >= this.#maxQueue;
  }

  /**
   * Queues up.
   * @param signal - aborted when the waiter's client leaves.
   * @returns false when the line is full; then neither callback is called.
   */
  join(waiter: Waiter, signal?: AbortSignal): boolean {
    if (this.full) return false;
    if (signal?.aborted === true) {
      waiter.dismiss('left');
      return true;
    }
    const deadline = this.#clock.now() + this.#queueTimeoutMs;
    const place: Place = { waiter, deadline, signal, leave: () => this.#dismiss(place, 'left') };
    signal?.addEventListener('abort', place.leave);
    this.#places.add(place);
    this.#watch();
    return true;
  }

  /** Admits the first, if there is one. */
  admitNext(): void {
    const [place] = this.#places;
    if (place === undefined) return;
    this.#remove(place);
    place.waiter.admit();
  }

  /** Sends all away. */
  close(): void {
    for (const place of this.#places) this.#dismiss(place, 'closed');
  }

  #dismiss(place: Place, why: Dismissal): void {
    this.#remove(place);
    place.waiter.dismiss(why);
  }

  #remove(place: Place): void {
    this.#places.delete(place);
    place.signal?.removeEventListener('abort', place.leave);
    if (this.#places.size > 0 || !this.#timerSet) return;
    this.#clock.clearTimeout(this.#timer);
    this.#timerSet = false;
  }

  /** One timer, for who is first in the line. */
  #watch(): void {
    const [first] = this.#places;
    if (first === undefined || this.#timerSet || first.deadline === Number.POSITIVE_INFINITY) return;
    this.#timerSet = true;
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#timerSet = false;
        this.#dismissLate();
        this.#watch();
      },
      Math.max(0, first.deadline - this.#clock.now()),
    );
  }

  #dismissLate(): void {
    const now = this.#clock.now();
    for (const place of this.#places) {
      if (place.deadline > now) return;
      this.#dismiss(place, 'late');
    }
  }
}
