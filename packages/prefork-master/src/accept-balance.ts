import type { Clock } from './clock.ts';

/** What a worker does to accept no connections for a while, and to accept them again. */
export interface Accepting {
  /** Stops accepting; what comes meanwhile waits in the kernel, for this worker or another. */
  pause(): void;
  resume(): void;
}

/** A worker's part in the balance of connections over all workers. */
export interface AcceptBalance {
  /** Says how many connections are open here: to be called after each that has come or gone. */
  update(connections: number): void;
  /** Takes no part any more: to be called when the worker stops, before it accepts the rest of the queue. */
  leave(): void;
}

/** What the balance needs of the scoreboard. */
export interface Counts {
  /** One more than the connections of each worker, 0 where there is none. */
  read(): ArrayLike<number>;
  enter(record: number, connections: number | undefined): void;
}

/**
 * How many connections more than the least loaded worker one may have before it holds back: an eighth of what that
 * one has. More would be uneven, less would let workers wait for each other all the time.
 */
const TOLERANCE = 1 / 8;
/** The first look after the others, and the last: each wait is twice the one before. */
const FIRST_WAIT_MS = 1;
const LAST_WAIT_MS = 40;
/** A worker that has held back for this long takes what nobody else has taken: Puma's wait_for_less_busy_worker. */
const PATIENCE_MS = 5;

/** Whether a worker with so many connections should leave the next one to others. */
export function isAhead(connections: number, counts: ArrayLike<number>): boolean {
  let least = Infinity;
  for (let record = 0; record < counts.length; record++) {
    const entry = counts[record] ?? 0;
    if (entry > 0 && entry - 1 < least) least = entry - 1;
  }
  return connections > least + Math.max(1, Math.ceil(least * TOLERANCE));
}

/**
 * Holds a worker back that has more connections than others on the same socket: it stops accepting and looks again
 * after 1, 2, 4… 40 ms. Whoever has fewer is in the kernel's queue all the time and takes what comes at once. After
 * 5 ms it accepts for one turn of the event loop at each look: the others may be blocked.
 */
export class Balance implements AcceptBalance {
  readonly #record: number;
  readonly #counts: Counts;
  readonly #accepting: Accepting;
  readonly #clock: Clock;
  readonly #nextTurn: (callback: () => void) => void;
  #connections = 0;
  #waitMs = 0;
  #heldSince: number | undefined;
  #timer: unknown;
  #left = false;

  constructor(
    record: number,
    counts: Counts,
    accepting: Accepting,
    clock: Clock,
    nextTurn: (callback: () => void) => void,
  ) {
    this.#record = record;
    this.#counts = counts;
    this.#accepting = accepting;
    this.#clock = clock;
    this.#nextTurn = nextTurn;
    counts.enter(record, 0);
  }

  update(connections: number): void {
    if (this.#left) return;
    const more = connections > this.#connections;
    this.#connections = connections;
    this.#counts.enter(this.#record, connections);
    if (more && this.#heldSince === undefined && this.#isAhead()) this.#hold();
  }

  leave(): void {
    this.#left = true;
    this.#counts.enter(this.#record, undefined);
    if (this.#heldSince !== undefined) this.#release();
  }

  #isAhead(): boolean {
    return isAhead(this.#connections, this.#counts.read());
  }

  #hold(): void {
    this.#heldSince = this.#clock.now();
    this.#waitMs = FIRST_WAIT_MS;
    this.#accepting.pause();
    this.#lookLater();
  }

  #lookLater(): void {
    this.#timer = this.#clock.setTimeout(() => this.#look(), this.#waitMs);
  }

  #look(): void {
    if (!this.#isAhead()) return this.#release();
    this.#waitMs = Math.min(2 * this.#waitMs, LAST_WAIT_MS);
    if (this.#clock.now() - (this.#heldSince ?? 0) >= PATIENCE_MS) this.#acceptOneTurn();
    this.#lookLater();
  }

  #acceptOneTurn(): void {
    this.#accepting.resume();
    this.#nextTurn(() => {
      if (this.#heldSince !== undefined) this.#accepting.pause();
    });
  }

  #release(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#heldSince = undefined;
    this.#accepting.resume();
  }
}
