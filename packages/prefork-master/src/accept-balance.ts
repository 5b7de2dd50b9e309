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
 * one has, and 2 at least. More would be uneven: 64 connections on 4 workers are to differ by a half at most. With
 * less, workers would wait for each other over differences that the end of the next request levels.
 */
const TOLERANCE = 1 / 8;
const LEAST_TOLERANCE = 2;
/** The first look after the others, and the last: each wait is twice the one before. */
const FIRST_WAIT_MS = 1;
const LAST_WAIT_MS = 40;
/** A worker that has held back for this long takes what nobody else has taken: Puma's wait_for_less_busy_worker. */
const PATIENCE_MS = 5;
/** And so many at once: enough that nobody has to wait for a worker that is blocked. */
const MOST_TAKEN = 4;

/** Over what time the connections that come and go are counted. */
const TURNOVER_MS = 250;

/** Whether a worker with so many connections should leave the next one to others. */
export function isAhead(connections: number, counts: ArrayLike<number>): boolean {
  let least = Infinity;
  for (let record = 0; record < counts.length; record++) {
    const entry = counts[record] ?? 0;
    if (entry > 0 && entry - 1 < least) least = entry - 1;
  }
  return connections > least + Math.max(LEAST_TOLERANCE, Math.ceil(least * TOLERANCE));
}

/**
 * Holds a worker back that has more connections than others on the same socket: it stops accepting and looks again
 * after 1, 2, 4… 40 ms. Whoever has fewer is in the kernel's queue all the time and takes what comes at once. After
 * 5 ms it takes up to 4 of those that still wait at each look: the others are blocked, or have too much to do.
 */
export class Balance implements AcceptBalance {
  readonly #record: number;
  readonly #counts: Counts;
  readonly #accepting: Accepting;
  readonly #clock: Clock;
  readonly #nextTurn: (callback: () => void) => void;
  #connections = 0;
  /** Connections that have come so far. */
  #taken = 0;
  #waitMs = 0;
  #heldSince: number | undefined;
  /** Since when connections are counted that have come, and those that have come and gone. */
  #countedSince = 0;
  #came = 0;
  #passed = 0;
  /** The latter in the period before. */
  #passedBefore = 0;
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
    this.#count(more);
    this.#connections = connections;
    this.#counts.enter(this.#record, connections);
    const held = this.#heldSince !== undefined;
    // At once, and not at the next look: where every request has its own connection, each end makes room for one.
    if (more === held || this.#isAhead() !== more) return;
    if (more) this.#hold();
    else this.#release();
  }

  leave(): void {
    this.#left = true;
    this.#counts.enter(this.#record, undefined);
    if (this.#heldSince !== undefined) this.#release();
  }

  #count(more: boolean): void {
    const now = this.#clock.now();
    if (now - this.#countedSince > TURNOVER_MS) {
      this.#passedBefore = now - this.#countedSince > 2 * TURNOVER_MS ? 0 : this.#passed;
      this.#countedSince = now;
      this.#came = this.#passed = 0;
    }
    if (more) {
      this.#taken++;
      this.#came++;
    } else if (this.#passed < this.#came) this.#passed++;
  }

  /**
   * Where connections end as fast as they come, differences level by themselves: to hold back would cost time and
   * bring nothing.
   */
  #isAhead(): boolean {
    const isSteady = Math.max(this.#passed, this.#passedBefore) < this.#connections;
    return isSteady && isAhead(this.#connections, this.#counts.read());
  }

  #hold(): void {
    this.#heldSince = this.#clock.now();
    this.#waitMs = FIRST_WAIT_MS;
    this.#accepting.pause();
    this.#lookLater();
  }

  #lookLater(): void {
    // It may have been released and held again within one turn.
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(() => this.#look(), this.#waitMs);
  }

  #look(): void {
    if (!this.#isAhead()) return this.#release();
    this.#waitMs = Math.min(2 * this.#waitMs, LAST_WAIT_MS);
    if (this.#clock.now() - (this.#heldSince ?? 0) < PATIENCE_MS) return this.#lookLater();
    this.#accepting.resume();
    this.#takeWhatWaits(this.#taken, MOST_TAKEN);
  }

  /** The event loop accepts one connection a turn. */
  #takeWhatWaits(before: number, turns: number): void {
    this.#nextTurn(() => {
      if (this.#heldSince === undefined) return;
      const tookOne = this.#taken > before;
      if (tookOne) this.#waitMs = PATIENCE_MS;
      if (tookOne && turns > 1) return this.#takeWhatWaits(this.#taken, turns - 1);
      this.#accepting.pause();
      this.#lookLater();
    });
  }

  #release(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#heldSince = undefined;
    this.#accepting.resume();
  }
}
